"""Lists for `LISTED` fields: asked of a partner, recorded, then shown; asked again at a submission.

Every answer leaves one record in `lookup/<union>/<case_id>` before anybody sees it: who asked what
about whom (as a digest), and which codes came back. The partner's facts stay in the office: a
terminal gets what is for people to read. Loan queries are counted per teller and day besides
(`watch/<union>/<staff_id>/<day>`); too many raise an alert, and are answered all the same.

Whether a choice still holds is decided at the submission, on the office's own answer (`current`).
A product may leave something out for what is known about the customer, so a person's list waits for
their record; it is never made as if nothing were known.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import msgspec
import structlog

from actors import ActorError, Refused
from actors.durable import Commanded
from actors.ports import WallClock
from actors.ref import Ref
from actors.store import Append, Store
from backoffice.cases.commands import Caller
from backoffice.configuration.settings import UnionSettings
from backoffice.dossier import id_card
from backoffice.lookups.journal import Journal, retried
from backoffice.partners.conduct import Conducts, Unheard
from backoffice.partners.identity_check import person_digest
from backoffice.partners.operations import Partner
from backoffice.partners.port import PARTNER_S_MAX
from backoffice.partners.queries import BlankCard, Found, Loans, Look, PartnerQuery
from backoffice.product import Asking, Product
from wire.checks import Context, Known, asked_fields, check_id_number, check_value
from wire.form import Field, FieldKind
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import Submission
from wire.messages.lookups import ITEMS_MAX, Item, Listing, ListItems
from wire.value import VALUE_TYPES, BankCardValue, Value

log = structlog.get_logger("lookups")

WATCHED: Final = (Loans,)
"""Queries that are counted per teller and day."""


_NOT_LISTED: Final = Refusal(
    Code.CORE_DECLINED, "合作机构未受理此项查询，请稍后再试。", retryable=True
)


class ItemsListed(msgspec.Struct, frozen=True, tag="ItemsListed"):
    """A list was given out.

    Attributes:
        person: digest of number and name as asked, empty when nobody's card was read.
        query: its type.
        count: how many items came back.
        codes: theirs.
    """

    staff_id: str
    device: str
    product: str
    field: str
    person: bytes
    query: str
    count: int
    codes: tuple[str, ...]


class QueryCounted(msgspec.Struct, frozen=True, tag="QueryCounted"):
    """One more query of a watched kind, for a case."""

    case_id: str
    query: str


class QueriesTooMany(msgspec.Struct, frozen=True, tag="QueriesTooMany"):
    """An alert: a teller has asked more often on one day than is usual; raised once a day."""

    staff_id: str
    most: int


WatchEvent = QueryCounted | QueriesTooMany


class ListingDesk:
    """Answers `ListItems`.

    Args:
        settings: a union's products and numbers.
        partner: the actor of a union's partner; answers `Look`.
        known: the facts of a person's record, or why it cannot be read now.
        conducts: how partners behave.
    """

    def __init__(
        self,
        store: Store,
        wall: WallClock,
        settings: Callable[[str], UnionSettings],
        partner: Callable[[str, Partner], Ref],
        known: Callable[[IdNumber], Awaitable[Mapping[str, str] | Refusal]],
        conducts: Conducts,
    ) -> None:
        self._listed = Journal[ItemsListed]("lookup", ItemsListed, store, wall)
        self._watch = Journal[WatchEvent]("watch", WatchEvent, store, wall)
        self._wall = wall
        self._settings = settings
        self._partner = partner
        self._known = known
        self._conducts = conducts

    async def answer(self, caller: Caller, request: ListItems) -> Listing | Refusal:
        """The list, after it is recorded.

        Codes: `NOT_FOUND`, what the answers it depends on lack, `LIMIT`, `BUSY`, and whatever the
        product or the partner says.
        """
        union = caller.staff.union
        settings = self._settings(union)
        if request.product in settings.closed:
            return msgspec.structs.replace(settings.closed[request.product], field=request.field)
        product = settings.offered.get(request.product)
        field = product.form.field(request.field) if product is not None else None
        if product is None or field is None or field.kind is not FieldKind.LISTED:
            return Refusal(Code.NOT_FOUND, "没有这项业务或列表，请更新业务列表。", request.field)
        context = Context(self._wall.now_ms(), settings.limits)
        if request.number is not None:
            wrong = check_id_number(request.number.number, context.at(request.field))
            if wrong:
                return wrong[0]
        query = await self._query(product, field, request.number, caller, request.values)
        if isinstance(query, Refusal):
            return query
        if len(await self._listed.read(union, request.case_id)) >= settings.lookups.listings_max:
            return Refusal(Code.LIMIT, "该笔业务的查询次数过多，请新建业务。", field.name)
        answer = await self._look(caller, query, field)
        if isinstance(answer, Refusal):
            return answer
        items = answer.items[:ITEMS_MAX]
        person = b""
        if request.number is not None:
            person = person_digest(request.number.number, request.name)
        record = ItemsListed(
            staff_id=caller.staff.staff_id,
            device=caller.device,
            product=product.code,
            field=field.name,
            person=person,
            query=type(query).__name__,
            count=len(items),
            codes=tuple(item.code for item in items),
        )
        recorded = await retried(lambda: self._record(caller, request.case_id, record, query))
        return recorded if isinstance(recorded, Refusal) else _shown(items, answer.note, field)

    async def current(
        self, caller: Caller, product: Product, submission: Submission
    ) -> dict[str, tuple[Item, ...]] | Refusal:
        """What is listed now under every `LISTED` field that a submission answers.

        A field whose own dependencies are wrong has no list; the common checks say why.
        """
        card = id_card(submission)
        number = card.number if card is not None else None
        found: dict[str, tuple[Item, ...]] = {}
        for field in product.form.fields:
            if field.kind is not FieldKind.LISTED or field.name not in submission.values:
                continue
            query = await self._query(product, field, number, caller, submission.values)
            answer = query if isinstance(query, Refusal) else await self._look(caller, query, field)
            if isinstance(answer, Refusal):
                return answer
            found[field.name] = answer.items[:ITEMS_MAX]
        return found

    async def in_stock(self, caller: Caller, product: Product, submission: Submission) -> Known:
        """Whether the card that is to be handed over is this terminal's and blank; yes for none."""
        field = product.form.field(product.delivers)
        card = submission.values.get(product.delivers)
        if field is None or not isinstance(card, BankCardValue):
            return Known.YES
        answer = await self._look(caller, BlankCard(caller.device, card.pan), field)
        return Known.UNKNOWN if isinstance(answer, Refusal) else Known.of(bool(answer.items))

    async def _query(
        self,
        product: Product,
        field: Field,
        number: IdNumber | None,
        caller: Caller,
        values: Mapping[str, Value],
    ) -> PartnerQuery | Refusal:
        """What the product would ask its partner for."""
        context = Context(self._wall.now_ms(), self._settings(caller.staff.union).limits)
        needed = _needed(product, field, number, values, context)
        if isinstance(needed, Refusal):
            return needed
        known = await self._known(number) if number is not None else {}
        if isinstance(known, Refusal):
            return msgspec.structs.replace(known, field=field.name)
        asking = Asking(
            number=number,
            outlet=caller.staff.outlet,
            values=needed,
            now_ms=context.now_ms,
            terms=product.terms,
            known=known,
        )
        return product.listings[field.name](asking)

    async def _look(self, caller: Caller, query: PartnerQuery, field: Field) -> Found | Refusal:
        union, partner = caller.staff.union, query.partner
        asked: Commanded[Found] = Commanded(caller.staff.staff_id, Look(union, query))
        ask = partial(self._partner(union, partner).ask, asked, within=PARTNER_S_MAX)
        try:
            return await self._conducts.hear(partner, union, ask, _decline)
        except Refused as refused:
            return msgspec.structs.replace(refused.refusal, field=field.name)
        except (ActorError, Unheard):
            words = f"暂时查询不到“{field.title_zh}”，请稍后重试。"
            return Refusal(Code.BUSY, words, field.name, retryable=True)

    async def _record(
        self, caller: Caller, case_id: str, record: ItemsListed, query: PartnerQuery
    ) -> None:
        """Record a list, and count it where such queries are watched."""
        staff, settings = caller.staff, self._settings(caller.staff.union)
        known = len(await self._listed.read(staff.union, case_id))
        appends: list[Append] = [self._listed.addition((staff.union, case_id), known, record)]
        alert = False
        if isinstance(query, WATCHED):
            day = Context(self._wall.now_ms()).today.isoformat()
            key = (staff.union, staff.staff_id, day)
            before = await self._watch.read(*key)
            most = settings.lookups.loan_queries_day_max
            counted: list[WatchEvent] = [QueryCounted(case_id, record.query)]
            asked = sum(isinstance(event, QueryCounted) for event in before) + 1
            alert = asked > most and len(before) == asked - 1
            if alert:
                counted.append(QueriesTooMany(staff.staff_id, most))
            appends.append(self._watch.addition(key, len(before), *counted))
        await self._listed.commit(*appends, who=staff.staff_id)
        if alert:
            log.warning("too many loan queries", staff_id=staff.staff_id, union=staff.union)


async def _decline() -> Found:
    raise Refused(_NOT_LISTED)


def _needed(
    product: Product,
    field: Field,
    number: IdNumber | None,
    values: Mapping[str, Value],
    context: Context,
) -> dict[str, Value] | Refusal:
    """The answers that a list depends on, each checked; what is not asked is not needed."""
    needed: dict[str, Value] = {}
    relevant = {one.name for one in asked_fields(product.form, values)}
    for name in field.depends:
        asked, value = product.form.field(name), values.get(name)
        if value is None and name not in relevant:
            continue
        assert asked is not None, f"{field.name} depends on {name}, which the form asks"
        if asked.kind is FieldKind.ID_CARD and value is None and number is not None:
            continue
        if type(value) is not VALUE_TYPES[asked.kind] or value is None:
            return Refusal(Code.FORMAT, f"请先填写“{asked.title_zh}”。", name)
        wrong = check_value(asked, value, context)
        if wrong:
            return wrong[0]
        needed[name] = value
    return needed


def _shown(items: tuple[Item, ...], why: str, field: Field) -> Listing:
    """What is for people; the facts behind the items stay here."""
    note = "" if items else why or f"目前没有可选的“{field.title_zh}”。"
    return Listing(tuple(msgspec.structs.replace(item, facts={}) for item in items), note)


__all__ = [
    "WATCHED",
    "ItemsListed",
    "ListingDesk",
    "QueriesTooMany",
    "QueryCounted",
]
