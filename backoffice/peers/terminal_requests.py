"""What a terminal may ask: the products, an identity check, photos in, a case from end to end."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from actors.store import Batch, Claim, ClaimConflict, Store
from backoffice.cases.commands import Caller, FileCase, FromTerminal
from backoffice.cases.commands import TerminalRequest as CaseRequest
from backoffice.cases.intake import Facts, ImageFact, admit, open_submission
from backoffice.office import Office
from backoffice.peers.devices import Device
from wire.form import PhotoValue
from wire.ids import is_case_id
from wire.keys import verify
from wire.message import Code, Refusal
from wire.messages.case import Submission, Submit
from wire.messages.identity import CheckIdentity
from wire.messages.images import OfferImages, PutChunk
from wire.messages.session import ListProducts, Products
from wire.photo import PhotoError, measure

IMAGE_SCOPE: Final = "image"
"""The claims by which a photo belongs to the first case that handed it in."""

TerminalRequest = ListProducts | CheckIdentity | OfferImages | PutChunk | Submit | CaseRequest


class TerminalRequests:
    """Answers terminals; `answer` is called with the device as the registry knows it now."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def answer(self, device: Device, request: TerminalRequest) -> object:
        """The reply or a refusal."""
        office = self._office
        match request:
            case ListProducts():
                return Products(tuple(product.card for product in office.products.values()))
            case OfferImages():
                return await office.images.offer(request)
            case PutChunk():
                return await office.images.put(request)
        caller = office.caller(device)
        if isinstance(caller, Refusal):
            return caller
        match request:
            case CheckIdentity(case_id=case_id):
                if not is_case_id(case_id):
                    return Refusal(Code.FORMAT, "业务编号格式不正确", "case_id")
                return await office.identity.check(device.union, device.device, request)
            case Submit():
                return await self._submit(device, caller, request)
            case _:
                from_terminal = FromTerminal(caller, request)
                staff_id = caller.staff.staff_id
                return await office.ask_case(device.union, request.case_id, staff_id, from_terminal)

    async def _submit(self, device: Device, caller: Caller, request: Submit) -> object:
        """Prove, look up, check again, file."""
        office = self._office
        submission = open_submission(request, caller, verify)
        if isinstance(submission, Refusal):
            return submission
        facts = Facts(
            product=office.products.get(submission.product),
            identity=await office.identity.recorded(
                device.union, submission.case_id, submission.identity_reference
            ),
            images=await self._image_facts(submission),
        )
        now_ms = office.outside.wall.now_ms()
        intake = admit(request, submission, caller, facts, office.security.verifier, now_ms)
        if isinstance(intake, tuple):
            return intake[0]
        filed = FileCase(intake)
        who = caller.staff.staff_id
        answer = await office.ask_case(device.union, submission.case_id, who, filed)
        if not isinstance(answer, Refusal):
            await self._own_images(submission, who)
        return answer

    async def _own_images(self, submission: Submission, who: str) -> None:
        """Note who handed each photo in first.

        A photo that comes again in another case is a flag for the authorizer, so this is a note of
        its own and never a reason to refuse.
        """
        now_ms = self._office.outside.wall.now_ms()
        for value in submission.values.values():
            if isinstance(value, PhotoValue):
                claim = Claim(IMAGE_SCOPE, value.digest.hex(), submission.case_id)
                with suppress(ClaimConflict):
                    await self._office.store.commit(Batch(who, now_ms, claims=(claim,)))

    async def _image_facts(self, submission: Submission) -> dict[bytes, ImageFact]:
        facts = {}
        for value in submission.values.values():
            if isinstance(value, PhotoValue):
                fact = await self._image_fact(self._office.store, value.digest, submission.case_id)
                if fact is not None:
                    facts[value.digest] = fact
        return facts

    async def _image_fact(self, store: Store, digest: bytes, case_id: str) -> ImageFact | None:
        body = await store.blob(digest)
        if body is None:
            return None
        try:
            measured = await self._office.outside.offload(lambda: measure(body))
        except PhotoError:
            return None
        owner = await store.owner(IMAGE_SCOPE, digest.hex())
        return ImageFact(len(body), measured, reused=owner not in (None, case_id))


__all__ = ["IMAGE_SCOPE", "TerminalRequest", "TerminalRequests"]
