"""Passcodes at the door: how many are checked at once, and how often somebody may be wrong.

A check is slow and takes 64 MiB on purpose, so whoever may ask for one could fill the office. At
most `HASHES_AT_ONCE_MAX` run, one of a device at a time, behind a bounded line; beyond it the
answer is `BUSY` before anything is computed. Only a wrong passcode counts, and counts three times:
for that staff id at that device, for that staff id wherever it is tried, and for that device,
whoever it tries. So neither a flood of right ones nor of refused ones locks anybody out, a
stranger's tablet locks a member of staff out there only, and no tablet tries all of them.

Deliberately not here: whether the staff id exists. Who tries learns nothing of that by the answer,
the rate or the time. What is counted lives in memory and is forgotten when its time is over.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
import structlog
import trio

from actors.ports import WallClock
from wire.message import Code, Refusal

HASHES_AT_ONCE_MAX: Final = 2
"""How many passcodes are checked at the same time."""

WAITING_MAX: Final = 64
"""How many wait for that in all, the ones being checked included."""

DEVICE_WAITING_MAX: Final = 4
"""How many of these may be one device's."""

_log = structlog.get_logger("staff")

_BUSY: Final = Refusal(Code.BUSY, "系统正在核对密码，请稍后重试", "passcode", retryable=True)


class PasscodeTerms(msgspec.Struct, frozen=True, kw_only=True):
    """How often somebody may be wrong about a passcode.

    Attributes:
        tries_max: wrong passcodes of one staff id in a row, at one device, before it must wait
            there.
        tries_anywhere_max: the same at all devices together; then it must wait everywhere.
        lockout_ms: how long it waits; after as long without a wrong one all is forgotten.
        device_tries_max: wrong passcodes of one device at once, whosever they are.
        device_try_ms: how long it takes until the device may be wrong once more.
    """

    tries_max: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    tries_anywhere_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 30
    lockout_ms: Annotated[int, msgspec.Meta(ge=10_000, le=86_400_000)] = 5 * 60 * 1000
    device_tries_max: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 15
    device_try_ms: Annotated[int, msgspec.Meta(ge=1_000, le=3_600_000)] = 20 * 1000


class _Line:
    """Those of one device who wait for their turn."""

    def __init__(self) -> None:
        self.turn = trio.Lock()
        self.waiting = 0


class _Row:
    """Wrong ones in a row: how many, and when the last one came."""

    def __init__(self) -> None:
        self.wrong = 0
        self.last_ms = 0


class Throttle:
    """Lets checks happen, in bounds."""

    def __init__(self, terms: PasscodeTerms, wall: WallClock) -> None:
        self._terms = terms
        self._wall = wall
        self._slots = trio.Semaphore(HASHES_AT_ONCE_MAX)
        self._waiting = 0
        self._lines: dict[str, _Line] = {}
        self._rows: dict[tuple[str, str], _Row] = {}
        self._until_ms: dict[str, int] = {}

    async def attempt(
        self, device: str, who: str, check: Callable[[], Awaitable[bool]]
    ) -> bool | Refusal:
        """Whether the passcode is right.

        Args:
            device: where it was typed.
            who: the staff id, in one spelling.
            check: the slow part; runs at most once.

        Returns:
            What `check` says; or `LIMIT` (wrong too often) or `BUSY` (too many at once), before it.
        """
        line = self._lines.setdefault(device, _Line())
        if line.waiting >= DEVICE_WAITING_MAX or self._waiting >= WAITING_MAX:
            return _BUSY
        line.waiting += 1
        self._waiting += 1
        try:
            # One of a device at a time: the next is judged when it is known how this one ended.
            async with line.turn:
                barred = self._barred(device, who)
                if barred is not None:
                    return barred
                async with self._slots:
                    right = await check()
                self._note(device, who, right=right)
                return right
        finally:
            line.waiting -= 1
            self._waiting -= 1
            if not line.waiting:
                del self._lines[device]

    def inspect(self) -> dict[tuple[str, str], int]:
        """How many wrong ones in a row count now, by device (empty for all) and staff id."""
        return {key: row.wrong for key, row in self._rows.items()}

    def _barred(self, device: str, who: str) -> Refusal | None:
        terms, now_ms = self._terms, self._wall.now_ms()
        for key, most in self._keys(device, who):
            row = self._rows.get(key)
            if row is not None and row.wrong >= most:
                left_ms = row.last_ms + terms.lockout_ms - now_ms
                if left_ms > 0:
                    return _wait(f"该工号{'在本机' if key[0] else ''}密码连续错误", left_ms)
        left_ms = self._until_ms.get(device, 0) - now_ms
        over_ms = left_ms - (terms.device_tries_max - 1) * terms.device_try_ms
        return _wait("本机密码错误次数过多", over_ms) if over_ms > 0 else None

    def _note(self, device: str, who: str, *, right: bool) -> None:
        terms, now_ms = self._terms, self._wall.now_ms()
        self._forget(now_ms)
        for key, most in self._keys(device, who):
            if right:
                self._rows.pop(key, None)
                continue
            row = self._rows.pop(key, None) or _Row()
            # Put back at the end: the mapping is in the order of the last wrong one.
            self._rows[key] = row
            row.wrong, row.last_ms = row.wrong + 1, now_ms
            if row.wrong == most:
                _log.warning("staff.locked_out", staff_id=who, device=key[0] or "every")
        if not right:
            begun_ms = max(self._until_ms.pop(device, 0), now_ms)
            self._until_ms[device] = begun_ms + terms.device_try_ms

    def _forget(self, now_ms: int) -> None:
        """Drop what counts no more; what is kept is bounded by the devices and their rates."""
        for key, row in list(self._rows.items()):
            if now_ms - row.last_ms < self._terms.lockout_ms:
                break
            del self._rows[key]
        for device, until_ms in list(self._until_ms.items()):
            if until_ms <= now_ms:
                del self._until_ms[device]

    def _keys(self, device: str, who: str) -> tuple[tuple[tuple[str, str], int], ...]:
        terms = self._terms
        return ((device, who), terms.tries_max), (("", who), terms.tries_anywhere_max)


def _wait(why: str, left_ms: int) -> Refusal:
    minutes = -(-left_ms // 60_000)
    return Refusal(Code.LIMIT, f"{why}，请{minutes}分钟后再试", "passcode", retryable=True)


__all__ = [
    "DEVICE_WAITING_MAX",
    "HASHES_AT_ONCE_MAX",
    "WAITING_MAX",
    "PasscodeTerms",
    "Throttle",
]
