"""Answers a manager's view: reads the day's summaries, the queue and the registry, and counts.

It reads what is committed and changes nothing. A union's day has at most `CASES_PER_DAY_MAX` cases;
beyond, the view is refused rather than wrong. Whoever asks sees their own union.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from actors.ports import WallClock
from actors.store import HINT, READ_ROWS_MAX, Batch, Document, Store
from backoffice.authorization.queue import collection as queue_collection
from backoffice.authorization.waiting import QueueEntry
from backoffice.management.figures import (
    Counting,
    ManagementTerms,
    by_state,
    chosen,
    days_of,
    reach_of,
)
from backoffice.management.summary import CaseSummary, collection
from backoffice.peers.devices import Device
from backoffice.product import Product
from backoffice.shards import of_union
from wire.codec import decode, encode
from wire.message import Code, Refusal
from wire.messages.figures import Figures, GetFigures, QueueFigures, TerminalFigures
from wire.messages.session import Role

CASES_PER_DAY_MAX: Final = 50_000
"""The most cases of one union's day that are counted."""

SEEN_EVERY_MS: Final = 10 * 60 * 1000
"""How often it is noted that a device speaks, milliseconds."""

NO_MANAGER: Final = Refusal(Code.FORBIDDEN, "只有管理人员可以查看报表。")


class ManagersDesk:
    """Counts figures.

    Args:
        online: whether a device has a live session.
        terms: what is in force for a union.
    """

    def __init__(
        self,
        store: Store,
        products: Mapping[str, Product],
        wall: WallClock,
        online: Callable[[str], bool],
        terms: Callable[[str], ManagementTerms],
    ) -> None:
        self._store = store
        self._products = products
        self._wall = wall
        self._online = online
        self._terms = terms

    async def view(
        self, union: str, devices: tuple[Device, ...], request: GetFigures
    ) -> Figures | Refusal:
        """One view of a union; `devices` are the union's as the registry knows them now."""
        days = days_of(request)
        if isinstance(days, Refusal):
            return days
        found: list[CaseSummary] = []
        for day in days:
            rows = await self._rows(collection(union, day))
            if rows is None:
                return Refusal(Code.LIMIT, f"{day} 的业务量超出统计上限，请按网点查询。", "first")
            found += [decode(CaseSummary, body) for body in rows]
        cases = chosen(found, request)
        terms = self._terms(union)
        count = Counting(self._products, terms)
        return Figures(
            first=request.first,
            last=request.last,
            outlet=request.outlet,
            product=request.product,
            made_ms=self._wall.now_ms(),
            total=count.total(cases),
            outlets=count.by_outlet(cases),
            products=count.by_product(cases),
            days=count.by_day(cases, days),
            states=by_state(cases),
            queue=await self._queue(union, request),
            terminals=await self._terminals(union, devices, cases, request.outlet, terms),
        )

    async def note_seen(self, union: str, device: str) -> None:
        """Remember that a device spoke now; at most once in `SEEN_EVERY_MS` is enough."""
        now_ms = self._wall.now_ms()
        document = Document(_seen(union), device, encode(now_ms))
        shard = of_union(union)
        await self._store.commit(Batch(device, now_ms, documents=(document,), shard=shard))

    async def _queue(self, union: str, request: GetFigures) -> QueueFigures:
        rows = await self._rows(queue_collection(union)) or []
        entries = [decode(QueueEntry, body) for body in rows]
        waiting = [
            one
            for one in entries
            if request.outlet in ("", one.operator.outlet) and request.product in ("", one.product)
        ]
        now_ms = self._wall.now_ms()
        return QueueFigures(
            waiting=len(waiting),
            claimed=sum(one.claimed_by is not None for one in waiting),
            overdue=sum(one.due_ms < now_ms for one in waiting),
            oldest_s=max((now_ms - one.queued_ms for one in waiting), default=0) // 1000,
        )

    async def _terminals(
        self,
        union: str,
        devices: tuple[Device, ...],
        cases: list[CaseSummary],
        outlet: str,
        terms: ManagementTerms,
    ) -> tuple[TerminalFigures, ...]:
        seen = {name: decode(int, body) for name, body in await self._documents(_seen(union))}
        now_ms = self._wall.now_ms()
        rows = []
        for device in devices:
            if device.role is not Role.TERMINAL or outlet not in ("", device.outlet):
                continue
            name, seen_ms = device.device, seen.get(device.device, 0)
            rows.append(
                TerminalFigures(
                    device=name,
                    outlet=device.outlet,
                    staff=device.staff.name if device.staff else "",
                    reach=reach_of(seen_ms, now_ms, online=self._online(name), terms=terms),
                    seen_ms=seen_ms,
                    cases=sum(one.device == name for one in cases),
                )
            )
        return tuple(sorted(rows, key=lambda row: row.device))

    async def _rows(self, name: str) -> list[bytes] | None:
        """Every document of a collection; None when there are too many."""
        rows = await self._documents(name)
        return [body for _, body in rows] if len(rows) <= CASES_PER_DAY_MAX else None

    async def _documents(self, name: str) -> list[tuple[str, bytes]]:
        rows: list[tuple[str, bytes]] = []
        while len(rows) <= CASES_PER_DAY_MAX:
            page = await self._store.documents(name, rows[-1][0] if rows else "")
            rows += page
            if len(page) < READ_ROWS_MAX:
                break
        return rows


def _seen(union: str) -> str:
    return f"{HINT}seen/{union}"


__all__ = ["NO_MANAGER", "SEEN_EVERY_MS", "ManagersDesk"]
