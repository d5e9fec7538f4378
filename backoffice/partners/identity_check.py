"""The IDV port (联网核查) and the record that the office keeps of every answer.

The register's answer is advisory; what the office keeps is the proof that it was asked, by whom,
when, and what it said. One stream per case, `identity/<union>/<case_id>`; the same case asking
again about the same person gets the stored answer, so a retry after a lost link costs nothing and
cannot change history. An unavailable register is never stored and never a pass; nor is one that
declines to answer, which is a refusal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import partial
from typing import Final, Protocol

import msgspec
import trio

from actors import Refused
from actors.ports import WallClock
from actors.store import Append, Batch, Event, Store, VersionConflict
from backoffice.partners.conduct import Conducts, Service, Unheard
from backoffice.shards import of_union
from wire.codec import decode, encode
from wire.errors import BadFrame
from wire.message import Code, Refusal
from wire.messages.identity import CheckIdentity, IdentityChecked, IdentityResult

REGISTER_S_MAX: Final = 10.0
"""How long the register may take before the answer is `unavailable`, in seconds."""

PERSONS_PER_CASE_MAX: Final = 4
"""How many persons a form may name by their ID cards: the customer and three others."""

CARDS_PER_PERSON_MAX: Final = 2
"""How many cards may be tried for each of them: a wrong one first, then the right one."""

CHECKS_PER_CASE_MAX: Final = PERSONS_PER_CASE_MAX * CARDS_PER_PERSON_MAX
"""How many different persons one case may ask about."""

_NOT_CHECKED: Final = Refusal(
    Code.CORE_DECLINED, "联网核查未受理，请稍后重新读取身份证再试", "id_card"
)


class PopulationRegister(Protocol):
    """The outside system: name and number in, a verdict out."""

    async def verify(self, number: str, name: str) -> tuple[IdentityResult, str]:
        """The verdict and the name on record (empty unless it matched)."""


class EmbeddedRegister:
    """A register that knows everybody whose number is well-formed, but for the exceptions given.

    It stands where the real one will be connected; the exceptions let a test or a training office
    show every answer.
    """

    def __init__(
        self,
        *,
        absent: Collection[str] = (),
        other_names: Mapping[str, str] | None = None,
        without_photo: Collection[str] = (),
    ) -> None:
        self._absent = frozenset(absent)
        self._other_names = dict(other_names or {})
        self._without_photo = frozenset(without_photo)

    async def verify(self, number: str, name: str) -> tuple[IdentityResult, str]:
        """Answer from the exceptions; everybody else matches."""
        await trio.lowlevel.checkpoint()
        if number in self._absent:
            return IdentityResult.NUMBER_ABSENT, ""
        if self._other_names.get(number, name) != name:
            return IdentityResult.NAME_DIFFERS, ""
        if number in self._without_photo:
            return IdentityResult.MATCH_WITHOUT_PHOTO, name
        return IdentityResult.MATCH, name


class NoRegister:
    """An office without a register: nothing is known of anybody, and nothing is made up."""

    async def verify(self, number: str, name: str) -> tuple[IdentityResult, str]:
        """Always `UNAVAILABLE`."""
        await trio.lowlevel.checkpoint()
        return IdentityResult.UNAVAILABLE, ""


class IdentityRecorded(msgspec.Struct, frozen=True, tag="IdentityRecorded"):
    """The register answered about a person for a case; the person is kept only as a digest."""

    person: bytes
    device: str
    answer: IdentityChecked


def person_digest(number: str, name: str) -> bytes:
    """BLAKE2b-256 of number and name: tells whether two checks are about the same person."""
    return hashlib.blake2b(encode((number, name)), digest_size=32).digest()


class IdentityDesk:
    """Asks the register at most once per case and person, and remembers.

    Args:
        conducts: how the register behaves.
    """

    def __init__(
        self, store: Store, register: PopulationRegister, wall: WallClock, conducts: Conducts
    ) -> None:
        self._store = store
        self._register = register
        self._wall = wall
        self._conducts = conducts

    async def check(
        self, union: str, device: str, request: CheckIdentity
    ) -> IdentityChecked | Refusal:
        """The stored answer, or a fresh one after it is durable.

        Codes: `LIMIT`, `CORE_DECLINED`.
        """
        person = person_digest(request.number.number, request.name)
        records = await self._records(union, request.case_id)
        known = next((r.answer for r in records if r.person == person), None)
        if known is not None:
            return known
        if len(records) >= CHECKS_PER_CASE_MAX:
            return Refusal(Code.LIMIT, "同一笔业务的核查次数过多，请新建业务", "id_card")
        try:
            result, name = await self._verify(union, request)
        except Refused as refused:
            return refused.refusal
        now_ms = self._wall.now_ms()
        if result is IdentityResult.UNAVAILABLE:
            return IdentityChecked(result, "", now_ms)
        version = len(records) + 1
        answer = IdentityChecked(result, f"{request.case_id}#{version}", now_ms, name)
        event = Event("IdentityRecorded", encode(IdentityRecorded(person, device, answer)))
        append = Append(_stream(union, request.case_id), len(records), (event,))
        try:
            await self._store.commit(Batch(device, now_ms, (append,), shard=of_union(union)))
        except VersionConflict:
            return await self.check(union, device, request)
        return answer

    async def recorded(self, union: str, case_id: str, reference: str) -> IdentityRecorded | None:
        """The record that a submission names, or None."""
        records = await self._records(union, case_id)
        return next((r for r in records if r.answer.reference == reference), None)

    async def persons(self, union: str, case_id: str) -> dict[bytes, IdentityRecorded]:
        """Everybody whom the register was asked about for a case, by `person_digest`."""
        return {record.person: record for record in await self._records(union, case_id)}

    async def _verify(self, union: str, request: CheckIdentity) -> tuple[IdentityResult, str]:
        """The register's answer; no answer is `UNAVAILABLE`."""
        ask = partial(self._register.verify, request.number.number, request.name)
        with suppress(Unheard), trio.move_on_after(REGISTER_S_MAX):
            return await self._conducts.hear(Service.IDV, union, ask, _decline)
        return IdentityResult.UNAVAILABLE, ""

    async def _records(self, union: str, case_id: str) -> list[IdentityRecorded]:
        rows = await self._store.read(_stream(union, case_id))
        try:
            return [decode(IdentityRecorded, row.body) for row in rows]
        except BadFrame:
            raise AssertionError(f"a stored identity check of {case_id} is unreadable") from None


async def _decline() -> tuple[IdentityResult, str]:
    raise Refused(_NOT_CHECKED)


def _stream(union: str, case_id: str) -> str:
    return f"identity/{union}/{case_id}"


__all__ = [
    "CARDS_PER_PERSON_MAX",
    "CHECKS_PER_CASE_MAX",
    "PERSONS_PER_CASE_MAX",
    "REGISTER_S_MAX",
    "EmbeddedRegister",
    "IdentityDesk",
    "IdentityRecorded",
    "NoRegister",
    "PopulationRegister",
    "person_digest",
]
