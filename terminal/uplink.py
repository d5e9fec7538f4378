"""The terminal's side of the wire: one supervised actor that keeps the session with the office.

`Uplink` is a process actor: it owns the connection, tells drafts what the office says unasked, and
asks where the open cases stand after every reconnect and from time to time.
`Errands` carries out what drafts owe the office (their outbox): each errand waits for the link,
then asks with a deadline; no answer means "outcome unknown" and the same errand goes out again,
which the office recognises by its key.
"""

from __future__ import annotations

from functools import partial
from typing import Final, Protocol

import trio

from actors import Inbox, Process
from actors.blobs import Blobs, BlobUnreadable
from actors.durable import Commanded, Handler
from actors.ports import Outside
from actors.ref import Ref
from actors.store import Store
from terminal.catalogue import Catalogue
from terminal.draft import card_digest, pin_key
from terminal.draft_events import (
    DraftCommand,
    Evidence,
    KeepIdentity,
    KeepRefusal,
    KeepRescanRefusal,
    KeepUpload,
    KeepView,
)
from terminal.errands import (
    AskIdentity,
    SendCancel,
    SendDeferral,
    SendHandover,
    SendInk,
    SendLivePhoto,
    SendRefusal,
    SendRescan,
    SendSlipSeen,
    SendSubmission,
    UploadEvidence,
)
from terminal.link_speed import LinkSpeed
from wire.channel import Dialer
from wire.client import Introduction, open_client
from wire.codec import MessageCodec, decode, encode
from wire.connection import Connection
from wire.errors import LinkLost, OutcomeUnknown, PeerRefused
from wire.form import FieldKind
from wire.hello import Credentials
from wire.incoming import Incoming
from wire.keys import SLIP, SUBMISSION, DeviceKeys
from wire.link import LinkState
from wire.message import Code, Message, Refusal, ReplyT, Request
from wire.messages.case import (
    LIVE_PHOTO,
    CancelCase,
    CaseChanged,
    CaseView,
    ContinueLater,
    Delivered,
    GetCase,
    GiveLivePhoto,
    PinBlock,
    RefuseSlip,
    SignSlip,
    SlipShown,
    Submit,
    SubmitRescan,
    signed_body,
)
from wire.messages.identity import CheckIdentity, IdentityChecked, IdentityResult
from wire.messages.images import CHUNK_BYTES, ImageOffer, OfferImages, PutChunk
from wire.office_link import OfficeLink
from wire.photo import thumbnail
from wire.value import IdCardValue, PhotoValue

REQUEST_S_MAX: Final = 30.0
"""How long one request to the office may take before its outcome counts as unknown, seconds."""

CATCH_UP_S: Final = 60.0
"""How long the terminal trusts that it is told of every change, in seconds."""

REFUSED_S: Final = 5.0
"""How long it waits after an office that was too busy to say where its cases stand, in seconds."""


class RegisterUnavailable(Exception):
    """The population register gave no answer; it is asked again later."""


class EvidenceGone(Exception):
    """A photo or recording that a draft names is missing or damaged: it has to be taken again."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.refusal = Refusal(Code.EVIDENCE, "影像文件已不在本机，请重新采集。", field)


class Drafts(Protocol):
    """What the uplink needs of the drafts.

    Attributes:
        opened: set when the drafts of earlier starts are known.
    """

    opened: trio.Event

    def ref(self, case_id: str) -> Ref:
        """The actor of one draft."""

    def open_cases(self) -> list[str]:
        """Cases that the office knows and that are not finished, oldest first."""


class Uplink(Process):
    """Keeps the session with the office for as long as the terminal runs."""

    def __init__(
        self,
        *,
        link: OfficeLink,
        drafts: Drafts,
        dialer: Dialer,
        address: str,
        credentials: Credentials,
        introduction: Introduction,
        outside: Outside,
        catalogue: Catalogue,
    ) -> None:
        self._link = link
        self._drafts = drafts
        self._dialer = dialer
        self._address = address
        self._credentials = credentials
        self._introduction = introduction
        self._outside = outside
        self._catalogue = catalogue

    async def run(self, inbox: Inbox) -> None:
        """Serve until stopped; the office is called when it is known what to ask it about."""
        await self._drafts.opened.wait()
        async with open_client(
            self._dialer,
            self._address,
            credentials=self._credentials,
            introduction=self._introduction,
            codec=MessageCodec((CaseChanged,)),
            handler=self._heard,
            entropy=self._outside.entropy,
            chance=self._outside.random,
            watch=self._link.changed,
        ) as connection:
            self._link.attach(connection)
            try:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._catch_up, connection)
                    async for _ in inbox:
                        pass
                    nursery.cancel_scope.cancel()
            finally:
                self._link.attach(None)

    def inspect(self) -> dict[str, object]:
        """The link's state."""
        status = self._link.status
        return {"link": status.state if status else "none", "office": self._address}

    def _heard(self, incoming: Incoming) -> None:
        match incoming.message:
            case CaseChanged(view=view):
                ref = self._drafts.ref(view.case_id)
                ref.tell(Commanded("office", KeepView(view)))
            case _:
                return

    async def _catch_up(self, connection: Connection) -> None:
        """After every reconnect, and from time to time, because a push may have been missed."""
        while True:
            await connection.until(LinkState.ONLINE)
            try:
                answered = await self._ask_around(connection)
            except (LinkLost, OutcomeUnknown):
                continue
            with trio.move_on_after(CATCH_UP_S if answered else REFUSED_S):
                await connection.until(LinkState.OFFLINE, LinkState.CLOSED)

    async def _ask_around(self, connection: Connection) -> bool:
        """The products, and where the open cases stand; whether everything was answered."""
        answered = True
        try:
            await self._catalogue.renew(partial(connection.request, within=REQUEST_S_MAX))
        except PeerRefused:
            answered = False
        for case_id in self._drafts.open_cases():
            try:
                view = await connection.request(GetCase(case_id), within=REQUEST_S_MAX)
            except PeerRefused:
                answered = False
            else:
                self._drafts.ref(case_id).tell(Commanded("office", KeepView(view)))
        return answered


class Errands:
    """Carries out the outbox of every draft; see `terminal.errands.Errand`."""

    def __init__(
        self,
        link: OfficeLink,
        store: Store,
        blobs: Blobs,
        keys: DeviceKeys,
        outside: Outside,
        speed: LinkSpeed,
        catalogue: Catalogue,
    ) -> None:
        self._link = link
        self._speed = speed
        self._catalogue = catalogue
        self._store = store
        self._blobs = blobs
        self._keys = keys
        self._outside = outside

    def handlers(self) -> dict[str, Handler]:
        """By the name that drafts address; each name is one queue of its own."""
        return {"identity": self._identity, "upload": self._upload, "office": self._office}

    async def _identity(self, case_id: str, errand: Message) -> DraftCommand | None:
        assert isinstance(errand, AskIdentity)
        try:
            answer = await self._checked(case_id, errand.card)
        except PeerRefused as refused:
            return _refused(refused, errand)
        return KeepIdentity(card_digest(errand.card), answer)

    async def _upload(self, case_id: str, errand: Message) -> DraftCommand | None:
        assert isinstance(errand, UploadEvidence)
        try:
            await self._bring(case_id, {errand.field: errand.evidence})
        except (PeerRefused, EvidenceGone) as refused:
            return _refused(refused, errand)
        return KeepUpload(errand.evidence.digest)

    async def _office(self, case_id: str, errand: Message) -> DraftCommand | None:
        try:
            if isinstance(errand, SendSubmission):
                return KeepView(await self._submit(case_id, errand))
            if isinstance(errand, SendLivePhoto):
                await self._bring(case_id, {LIVE_PHOTO.name: errand.photo})
            if isinstance(errand, SendRescan):
                await self._bring(case_id, dict(errand.photos))
            return KeepView(await self._ask(self._request(case_id, errand)))
        except (PeerRefused, EvidenceGone) as refused:
            return _refused(refused, errand)

    def _request(self, case_id: str, errand: Message) -> Request[CaseView]:
        match errand:
            case SendSlipSeen(slip_hash=digest):
                return SlipShown(case_id, digest)
            case SendInk(slip_hash=digest, ink=ink, signed_ms=signed_ms):
                signature = self._keys.signing.sign(SLIP, signed_body(digest, ink, signed_ms))
                return SignSlip(case_id, digest, ink, signed_ms, signature)
            case SendLivePhoto(photo=photo):
                return GiveLivePhoto(case_id, photo)
            case SendRescan(photos=photos):
                return SubmitRescan(case_id, photos)
            case SendDeferral():
                return ContinueLater(case_id)
            case SendRefusal():
                return RefuseSlip(case_id)
            case SendHandover(pan=pan, delivered_ms=delivered_ms):
                return Delivered(case_id, pan, delivered_ms)
            case SendCancel(reason=reason):
                return CancelCase(case_id, reason)
            case _:
                raise AssertionError(f"{type(errand).__name__} is no errand for the office")

    async def _submit(self, case_id: str, errand: SendSubmission) -> CaseView:
        submission = errand.submission
        for card in errand.others:
            await self._checked(case_id, card)
        evidence = {f: v for f, v in submission.values.items() if isinstance(v, Evidence)}
        await self._bring(case_id, evidence)
        pins = []
        for field in errand.pins:
            body = await self._store.document("pins", pin_key(case_id, field))
            if body is not None:
                pins.append(decode(PinBlock, body))
        body = encode(submission)
        signature = self._keys.signing.sign(SUBMISSION, body)
        try:
            return await self._ask(Submit(body, tuple(pins), signature))
        except PeerRefused as refused:
            if refused.refusal.code is Code.STALE:
                # Back at the table the draft meets the product as it is now.
                await self._catalogue.renew(self._ask)
            raise

    async def _checked(self, case_id: str, card: IdCardValue) -> IdentityChecked:
        """The register's answer about whoever is on a card; the same one at every attempt."""
        answer = await self._ask(CheckIdentity(case_id, card.number, card.name))
        if answer.result is IdentityResult.UNAVAILABLE:
            raise RegisterUnavailable
        return answer

    async def _bring(self, case_id: str, evidence: dict[str, Evidence]) -> None:
        """Everything of these files that the office does not have yet; thumbnails first."""
        bodies: dict[str, bytes] = {}
        offers = []
        for field, file in sorted(evidence.items()):
            try:
                body = bodies[field] = await self._blobs.get(file.digest)
            except BlobUnreadable:
                raise EvidenceGone(field) from None
            kind, small = FieldKind.RECORDING, b""
            if isinstance(file, PhotoValue):
                kind = FieldKind.PHOTO
                small = await self._outside.offload(partial(thumbnail, body))
            offers.append(ImageOffer(file.digest, file.size, field, kind, small))
        wanted = await self._ask(OfferImages(case_id, tuple(offers)))
        for offer, have in zip(offers, wanted.have, strict=True):
            body = bodies[offer.field]
            while have < offer.size:
                chunk = PutChunk(case_id, offer.digest, have, body[have : have + CHUNK_BYTES])
                sent_at = trio.current_time()
                have = (await self._ask(chunk)).have
                self._speed.acknowledged(len(chunk.data), trio.current_time() - sent_at)

    async def _ask(self, request: Request[ReplyT]) -> ReplyT:
        return await self._link.request(request, within=REQUEST_S_MAX)


def _refused(refused: PeerRefused | EvidenceGone, errand: Message) -> DraftCommand:
    if refused.refusal.retryable:
        raise refused
    if isinstance(errand, SendRescan):
        return KeepRescanRefusal(refused.refusal)
    return KeepRefusal(refused.refusal, submission=isinstance(errand, SendSubmission))


__all__ = ["CATCH_UP_S", "REFUSED_S", "REQUEST_S_MAX", "Errands", "Uplink"]
