"""What a terminal may ask: products, look-ups, an identity check, photos in, a case to its end.

A submission that is refused now may have been accepted before and its answer lost: what was right
then (a bill was listed, a service was offered) need not be right any more. So before it says no,
the office looks whether exactly these bytes are on file already, and then answers with the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actors.durable.tagged import Tagged, kind_of
from actors.store import READ_ROWS_MAX
from backoffice.authorization.policy_book import GetRouting
from backoffice.cases.case import key_of, stream_of
from backoffice.cases.commands import Caller, FileCase, FromTerminal, TellProof
from backoffice.cases.commands import TerminalRequest as CaseRequest
from backoffice.cases.events import Intake, Submitted
from backoffice.cases.intake import Facts, admit, open_submission
from backoffice.cases.rescan import collection, overdue_case
from backoffice.dossier import other_cards
from backoffice.evidence import EvidenceDesk
from backoffice.office import Office
from backoffice.partners.identity_check import IdentityRecorded, person_digest
from backoffice.peers.devices import Device
from backoffice.peers.product_pages import page_after
from backoffice.product import Product
from backoffice.slips.proof import UnknownLayout
from backoffice.uploads import Bringer
from wire.checks import Known
from wire.form import FIELDS_MAX
from wire.keys import verify
from wire.message import Code, Refusal
from wire.messages.case import (
    LIVE_PHOTO,
    SLIP_PART_BYTES,
    GetCase,
    GetSlip,
    GiveLivePhoto,
    SlipPart,
    Submission,
    Submit,
    SubmitRescan,
)
from wire.messages.identity import CheckIdentity
from wire.messages.images import OfferImages, PutChunk
from wire.messages.lookups import Item, ListItems, ProveCode, ProveColleague, SendCode
from wire.messages.offers import Recommend
from wire.messages.session import ListProducts
from wire.value import ColleagueValue, PhoneValue, PhotoValue

DEBT_PAGES_MAX: Final = 10
"""How many pages of a union's owed photos are looked through for one operator's overdue ones."""

LookUp = CheckIdentity | ListItems | ProveColleague | SendCode | ProveCode | Recommend
"""What is asked for a case before the case exists."""

TerminalRequest = ListProducts | LookUp | OfferImages | PutChunk | Submit | GetSlip | CaseRequest

_FILED: Final = Tagged(Submitted)
_FILED_KIND: Final = kind_of(Submitted)


class TerminalRequests:
    """Answers terminals; `answer` is called with the device as the registry knows it now."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._evidence = EvidenceDesk(office.store, office.blobs, office.outside)

    async def answer(self, device: Device, request: TerminalRequest) -> object:
        """The reply or a refusal."""
        office = self._office
        if isinstance(request, ListProducts):
            return page_after(office.settings.for_union(device.union).cards, request.after)
        caller = office.caller(device)
        if isinstance(caller, Refusal):
            return caller
        match request:
            case OfferImages(case_id=case_id, images=images):
                limits = office.settings.for_union(device.union).limits
                bringer = Bringer(device.union, device.device, case_id)
                return await office.images.offer(bringer, images, limits)
            case PutChunk(case_id=case_id):
                bringer = Bringer(device.union, device.device, case_id)
                return await office.images.put(bringer, request)
            case (
                CheckIdentity()
                | ListItems()
                | ProveColleague()
                | SendCode()
                | ProveCode()
                | Recommend()
            ):
                return await self._look_up(device, caller, request)
            case Submit():
                return await self._submit(device, caller, request)
            case GiveLivePhoto():
                return await self._give_live(caller, request)
            case GetSlip():
                return await self._slip(device, caller, request)
            case SubmitRescan():
                return await self._give_rescan(caller, request)
            case _:
                from_terminal = FromTerminal(caller, request)
                staff_id = caller.staff.staff_id
                return await office.ask_case(device.union, request.case_id, staff_id, from_terminal)

    async def _look_up(self, device: Device, caller: Caller, request: LookUp) -> object:
        office = self._office
        match request:
            case CheckIdentity():
                return await office.identity.check(device.union, device.device, request)
            case ListItems():
                return await office.listings.answer(caller, request)
            case ProveColleague():
                return await office.colleagues.prove(caller, request)
            case SendCode():
                return await office.phones.send(caller, request)
            case ProveCode():
                return await office.phones.prove(caller, request)
            case Recommend():
                offered = office.settings.for_union(device.union).offered
                return await office.suggestions.answer(caller, request, offered)

    async def _submit(self, device: Device, caller: Caller, request: Submit) -> object:
        """Prove, look up, check again, file."""
        office = self._office
        submission = open_submission(request, caller, verify)
        if isinstance(submission, Refusal):
            return submission
        intake = await self._admitted(caller, request, submission)
        who = caller.staff.staff_id
        if isinstance(intake, Refusal):
            if not await self._is_filed(device.union, request, submission):
                return intake
            known = FromTerminal(caller, GetCase(submission.case_id))
            return await office.ask_case(device.union, submission.case_id, who, known)
        answer = await office.ask_case(device.union, submission.case_id, who, FileCase(intake))
        if not isinstance(answer, Refusal):
            bringer = Bringer(device.union, device.device, submission.case_id)
            await self._evidence.own(submission.values.values(), bringer, who)
        return answer

    async def _admitted(
        self, caller: Caller, request: Submit, submission: Submission
    ) -> Intake | Refusal:
        """Through the gate, with everything that only the office knows."""
        office, union = self._office, caller.staff.union
        settings = office.settings.for_union(union)
        if submission.product in settings.closed:
            return settings.closed[submission.product]
        facts = await self._facts(caller, submission, settings.offered.get(submission.product))
        if isinstance(facts, Refusal):
            return facts
        routing = await office.ask(office.policy, caller.staff.staff_id, GetRouting())
        if isinstance(routing, Refusal):
            return routing
        now_ms = office.outside.wall.now_ms()
        intake = admit(
            request,
            submission,
            caller,
            facts,
            office.security.verifier,
            now_ms,
            routing=routing,
            thresholds=settings.thresholds,
            limits=settings.limits,
        )
        if not isinstance(intake, Intake):
            return intake[0]
        assert facts.product is not None, "nothing else is admitted"
        await office.forms.keep(facts.product.form, office.store, office.outside.wall)
        return intake

    async def _facts(
        self, caller: Caller, submission: Submission, product: Product | None
    ) -> Facts | Refusal:
        """Everything that was recorded before, and what partners list now."""
        office, case_id, union = self._office, submission.case_id, caller.staff.union
        listed: dict[str, tuple[Item, ...]] | Refusal = {}
        stock = Known.YES
        if product is not None:
            listed = await office.listings.current(caller, product, submission)
            stock = await office.listings.in_stock(caller, product, submission)
        if isinstance(listed, Refusal):
            return listed
        values = submission.values.values()
        phones = [one.phone for one in values if isinstance(one, PhoneValue) and one.proof]
        present = {
            one.reference: submission.bound.get(name, b"")
            for name, one in submission.values.items()
            if isinstance(one, ColleagueValue)
        }
        reference = submission.identity_reference
        return Facts(
            product=product,
            identity=await office.identity.recorded(union, case_id, reference),
            identities=await self._identities(union, submission),
            images=await self._evidence.facts(values, Bringer(union, caller.device, case_id)),
            area=office.settings.for_union(union).area,
            posture=office.posture(caller.device),
            stock=stock,
            listed=listed,
            colleagues=await office.colleagues.proven(union, case_id, present) if present else {},
            proofs=await office.phones.proofs(union, case_id, phones),
            overdue=await self._overdue(union, caller.staff.staff_id),
        )

    async def _overdue(self, union: str, staff_id: str) -> str:
        """A case of this operator whose photos are overdue, or empty."""
        now_ms, after = self._office.outside.wall.now_ms(), ""
        for _ in range(DEBT_PAGES_MAX):
            debts = await self._office.store.documents(collection(union), after)
            found = overdue_case(debts, staff_id, now_ms)
            if found or len(debts) < READ_ROWS_MAX:
                return found
            after = debts[-1][0]
        return ""

    async def _identities(self, union: str, submission: Submission) -> dict[str, IdentityRecorded]:
        """What the register said about other persons than the customer, by field."""
        cards = other_cards(submission)
        if not cards:
            return {}
        asked = await self._office.identity.persons(union, submission.case_id)
        people = {name: person_digest(one.number.number, one.name) for name, one in cards.items()}
        return {name: asked[person] for name, person in people.items() if person in asked}

    async def _is_filed(self, union: str, request: Submit, submission: Submission) -> bool:
        """Whether exactly these bytes were accepted before."""
        stream = stream_of(key_of(union, submission.case_id))
        rows = await self._office.store.read(stream)
        bodies = [row.body for row in rows if row.kind == _FILED_KIND]
        filed = (_FILED.decode(_FILED_KIND, body, stream) for body in bodies)
        return any(event.intake.submission == request.submission for event in filed)

    async def _slip(self, device: Device, caller: Caller, request: GetSlip) -> object:
        """Some bytes of the picture, drawn for whoever asks."""
        office, who = self._office, caller.staff.staff_id
        tell = TellProof(device.device)
        proof = await office.ask_case(device.union, request.case_id, who, tell)
        if isinstance(proof, Refusal):
            return proof
        try:
            drawn = await office.slips.draw(proof)
        except UnknownLayout:
            return Refusal(Code.STATE, "确认单由更新的系统版本生成，请升级后台后查看。")
        if isinstance(drawn, Refusal):
            return drawn
        return SlipPart(len(drawn), drawn[request.at : request.at + SLIP_PART_BYTES])

    async def _give_live(self, caller: Caller, request: GiveLivePhoto) -> object:
        """A photo taken now: here as a whole, good enough, and in no other case."""
        return await self._add_photos(caller, request, {LIVE_PHOTO.name: request.photo})

    async def _give_rescan(self, caller: Caller, request: SubmitRescan) -> object:
        """Photos that follow: of no more fields than a form can have."""
        if len(request.photos) > FIELDS_MAX:
            return Refusal(Code.FORMAT, "提交的项目数超出表单。")
        return await self._add_photos(caller, request, request.photos)

    async def _add_photos(
        self,
        caller: Caller,
        request: GiveLivePhoto | SubmitRescan,
        photos: Mapping[str, PhotoValue],
    ) -> object:
        """Photos for a case that is on file; each is the case's own once it is taken."""
        office, who, case_id = self._office, caller.staff.staff_id, request.case_id
        limits = office.settings.for_union(caller.staff.union).limits
        bringer = Bringer(caller.staff.union, caller.device, case_id)
        for name, photo in photos.items():
            refusal = await self._evidence.unfit(photo, bringer, name, limits)
            if refusal is not None:
                return refusal
        command = FromTerminal(caller, request)
        answer = await office.ask_case(caller.staff.union, case_id, who, command)
        if not isinstance(answer, Refusal):
            await self._evidence.own(photos.values(), bringer, who)
        return answer


__all__ = ["LookUp", "TerminalRequest", "TerminalRequests"]
