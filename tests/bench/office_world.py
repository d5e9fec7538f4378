"""A real office with real sockets and a real disk, and peers that need no kit and no person.

Terminals hand in cases that were made beforehand, with evidence that passes every rule, and go on
with them as the office's hints come in, to the end. Desks approve whatever the queue offers. Both
talk the wire's messages over loopback websockets; nothing of the office is replaced. Two things
are smaller than life, because they are paid for in arithmetic and not in waiting: passcodes are
hashed at the least cost, and photos are strips of 1,024 x 64 pixels.
"""

from __future__ import annotations

import hashlib
import io
import os
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
import psec
import trio
from PIL import Image

from actors.blobs import BlobTerms
from actors.outside import production_outside
from actors.ports import Outside
from backoffice.catalogue import products
from backoffice.configuration.settings import Settings, for_training
from backoffice.hsm import SecurityModule
from backoffice.partners.connections import Connections
from backoffice.partners.identity_check import EmbeddedRegister
from backoffice.partners.policy import embedded_partners
from backoffice.partners.sms import no_messages
from backoffice.products.debit_card import PRODUCT
from backoffice.program import BackOffice, Setup, open_office
from backoffice.staff import Roster
from supervisors.at_rest import open_blobs, open_keys
from supervisors.storage import sqlite
from tests.kit import submissions as make
from tests.kit.bank import DESK_PASSCODE, TELLER_PASSCODE, UNION, authorizer, teller
from tests.kit.consumer import Ear
from wire.case_state import State
from wire.checks import Known
from wire.client import Introduction, open_client
from wire.codec import MessageCodec, encode
from wire.connection import Connection
from wire.dukpt import FutureKeys, Usage
from wire.hello import Credentials, Ticket
from wire.incoming import Incoming
from wire.keys import DECISION, ENROL, SLIP, SUBMISSION, DeviceKeys, Invitation
from wire.masked import Pan
from wire.message import Refusal, ReplyT, Request
from wire.messages.case import (
    CaseChanged,
    CaseView,
    Delivered,
    PinBlock,
    SignSlip,
    SlipShown,
    Submission,
    Submit,
    signed_body,
)
from wire.messages.desk import (
    CaseFile,
    ClaimCase,
    Decide,
    Decision,
    Queue,
    QueueChanged,
    Verdict,
    WatchQueue,
)
from wire.messages.identity import CheckIdentity
from wire.messages.images import ImageOffer, OfferImages, PutChunk
from wire.messages.session import Invite, Role, SignIn
from wire.socket import WebSocketDialer, WebSocketListener
from wire.value import BankCardValue, ChoiceValue, IdCardValue, PhoneValue, PhotoValue

TERMINALS: Final = 10
DESKS: Final = 2
ANSWER_S_MAX: Final = 30.0
"""How long a peer waits for an answer; open-loop peers never wait for each other."""

FILES_MAX: Final = 10_000
"""The most claimed files that wait for their authorizer."""

UNDECIDED: Final = {State.SUBMITTED, State.AUTH_QUEUED, State.AUTH_CLAIMED}
"""States of a case before its decision."""


@dataclass
class Clockwork:
    """What the peers write down, in seconds of trio's clock.

    Attributes:
        decided: when the authorizer of a case had decided, by case.
        heard: when its terminal heard of it.
        closed: cases whose card was handed over.
    """

    decided: dict[str, float] = field(default_factory=dict)
    heard: dict[str, float] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    _progress: trio.Event = field(default_factory=trio.Event)

    def close(self, case_id: str) -> None:
        """The card was handed over."""
        self.closed.add(case_id)
        self._progress.set()
        self._progress = trio.Event()

    async def until_closed(self, cases: set[str]) -> None:
        """Wait for the ends of these cases."""
        while not cases <= self.closed:
            await self._progress.wait()


@dataclass
class Peer:
    """A device with its session."""

    name: str
    keys: DeviceKeys
    staff_id: str
    clockwork: Clockwork
    nursery: trio.Nursery
    _connection: Connection | None = None

    def attach(self, connection: Connection) -> None:
        """The session is open."""
        self._connection = connection

    async def ask(self, request: Request[ReplyT]) -> ReplyT:
        """Ask the office."""
        assert self._connection is not None
        return await self._connection.request(request, within=ANSWER_S_MAX)


@dataclass
class Terminal(Peer):
    """Submits cases and goes on with them as the office says.

    Attributes:
        cards: what is to be handed over, by case.
    """

    cards: dict[str, Pan] = field(default_factory=dict)

    def hear(self, incoming: Incoming) -> None:
        """A hint about one of its cases."""
        message = incoming.message
        assert isinstance(message, CaseChanged)
        view = message.view
        if view.state not in UNDECIDED and view.case_id in self.clockwork.decided:
            self.clockwork.heard.setdefault(view.case_id, trio.current_time())
        if view.state is State.PREPARED:
            self.nursery.start_soon(self._sign, view)
        elif view.state is State.COMMITTED:
            self.nursery.start_soon(self._hand_over, view.case_id)

    async def bring_evidence(self, submission: Submission, photos: list[bytes]) -> None:
        """What a tablet does while the customer still sits at the table."""
        card = submission.values["id_card"]
        assert isinstance(card, IdCardValue)
        await self.ask(CheckIdentity(submission.case_id, card.number, card.name))
        by_digest = {_digest(photo): photo for photo in photos}
        offers = tuple(ImageOffer(d, len(photo), "photo") for d, photo in by_digest.items())
        await self.ask(OfferImages(submission.case_id, offers))
        for digest, photo in by_digest.items():
            await self.ask(PutChunk(submission.case_id, digest, 0, photo))

    def sealed(self, submission: Submission, pin: PinBlock) -> Submit:
        """The submission as this device signs it."""
        body = encode(submission)
        return Submit(body, (pin,), self.keys.signing.sign(SUBMISSION, body))

    async def _sign(self, view: CaseView) -> None:
        assert view.slip is not None
        digest = _digest(encode(view.slip))
        await self.ask(SlipShown(view.case_id, digest))
        ink = make.ink(view.case_id)
        signed_ms = _now_ms()
        signature = self.keys.signing.sign(SLIP, signed_body(digest, ink, signed_ms))
        await self.ask(SignSlip(view.case_id, digest, ink, signed_ms, signature))

    async def _hand_over(self, case_id: str) -> None:
        pan = self.cards.pop(case_id, None)
        if pan is not None:
            await self.ask(Delivered(case_id, pan, _now_ms()))
            self.clockwork.close(case_id)


class Desk(Peer):
    """Claims whatever the queue offers, and approves one case after the other, as a person does.

    A decision counts as made when its file is here: if the authorizer is still busy with the one
    before, that wait is part of the latency.
    """

    def open(self, number: int) -> None:
        """Take every case whose id leaves `number` when divided among the desks."""
        self._number = number
        self._taken: set[str] = set()
        self._put, self._files = trio.open_memory_channel[CaseFile](FILES_MAX)
        self.nursery.start_soon(self._decide_all)

    def hear(self, incoming: Incoming) -> None:
        """A new queue."""
        assert isinstance(incoming.message, QueueChanged)
        self.look(incoming.message.queue)

    def look(self, queue: Queue) -> None:
        """Claim what is free."""
        for item in queue.items:
            mine = int(item.case_id[-6:], 16) % DESKS == self._number
            if mine and item.allowed and not item.claimed_by and item.case_id not in self._taken:
                self._taken.add(item.case_id)
                self.nursery.start_soon(self._claim, item.case_id)

    async def _claim(self, case_id: str) -> None:
        file = await self.ask(ClaimCase(case_id))
        self.clockwork.decided[case_id] = trio.current_time()
        self._put.send_nowait(file)

    async def _decide_all(self) -> None:
        async for file in self._files:
            decision = Decision(
                case_id=file.item.case_id,
                version=file.version,
                submission_hash=file.submission_hash,
                images=tuple(card.digest for card in file.images),
                verdict=Verdict.APPROVE,
                reason=None,
                note="",
                staff_id=self.staff_id,
                challenge=file.challenge,
                decided_ms=_now_ms(),
            )
            body = encode(decision)
            await self.ask(Decide(body, self.keys.signing.sign(DECISION, body), DESK_PASSCODE))


@dataclass(frozen=True)
class World:
    """Everything that runs."""

    office: BackOffice
    terminals: list[Terminal]
    clockwork: Clockwork


@dataclass
class Pad:
    """A PIN pad that always enters the same PIN."""

    keys: FutureKeys

    def block(self, name: str, pan: Pan) -> PinBlock:
        """A block under a fresh key."""
        self.keys, key = self.keys.advance()
        working = key.working_key(Usage.PIN_ENCRYPTION)
        block = psec.pinblock.encipher_pinblock_iso_4(working, "739164", pan.digits)
        return PinBlock(name, key.ksn.pack(), block)


@dataclass(frozen=True)
class Prepared:
    """A case that only waits to be handed in."""

    terminal: Terminal
    case_id: str
    submit: Submit


async def prepare(world: World, pads: list[Pad], count: int, round_: str) -> list[Prepared]:
    """Cases with their evidence already at the office, in turn from every terminal."""
    prepared = []
    async with trio.open_nursery() as nursery:
        for number in range(count):
            which = number % len(world.terminals)
            terminal = world.terminals[which]
            submission, photos = _captured(f"{round_}/{number}", terminal)
            nursery.start_soon(terminal.bring_evidence, submission, photos)
            card = submission.values["card"]
            assert isinstance(card, BankCardValue)
            terminal.cards[submission.case_id] = card.pan
            pin = pads[which].block("new_pin", card.pan)
            sealed = terminal.sealed(submission, pin)
            prepared.append(Prepared(terminal, submission.case_id, sealed))
            await trio.lowlevel.checkpoint()
    return prepared


def _captured(seed: str, terminal: Terminal) -> tuple[Submission, list[bytes]]:
    now_ms = _now_ms()
    values = make.values_for(PRODUCT.form, seed, now_ms=now_ms)
    photos = []
    for name, value in values.items():
        if isinstance(value, PhotoValue):
            photo = _strip(f"{seed}/{name}")
            photos.append(photo)
            values[name] = PhotoValue(_digest(photo), len(photo), 1024, 64, 500, now_ms - 60_000)
    values["account_class"] = ChoiceValue("III")
    phone = values["phone"]
    assert isinstance(phone, PhoneValue)
    # Nobody is there to read a code out; a card is issued without, and its authorizer is told.
    values["phone"] = PhoneValue(phone.phone)
    blank = make.pan(random.Random(f"{seed}/card"), terminal.name)
    values["card"] = msgspec.structs.replace(values["card"], pan=blank)
    submission = make.submission(
        PRODUCT.code,
        PRODUCT.form,
        seed,
        values=values,
        now_ms=now_ms,
        staff_id=terminal.staff_id,
        device=terminal.name,
    )
    return submission, photos


def _strip(seed: str) -> bytes:
    """A sharp JPEG that is as small as the rules allow, and like no other."""
    columns = random.Random(seed).randbytes(128)
    row = b"".join(bytes([255 * (column & 1)]) * 8 for column in columns)
    out = io.BytesIO()
    Image.frombytes("L", (1024, 64), row * 64).save(out, "JPEG", quality=50)
    return out.getvalue()


@asynccontextmanager
async def open_world(folder: Path) -> AsyncIterator[tuple[World, list[Pad]]]:
    """An office on `folder`, its terminals and desks signed in."""
    outside = production_outside()
    security = SecurityModule(SecurityModule.create(os.urandom))
    office_keys = DeviceKeys.generate(os.urandom)
    tellers = [teller(number) for number in range(1, TERMINALS + 1)]
    authorizers = [authorizer(number) for number in range(1, DESKS + 1)]
    settings = for_training(Settings(products()))
    database = folder / "office.db"
    sealer = open_keys(database, outside.entropy)
    setup = Setup(
        outside=outside,
        storage=sqlite(database),
        blobs=open_blobs(database, sealer, outside, BlobTerms()),
        keys=office_keys,
        listener=WebSocketListener("127.0.0.1", 0),
        roster=Roster((*tellers, *authorizers), outside.wall, outside.offload),
        security=security,
        products=products(),
        listening=lambda _address: None,
        settings=settings,
        connections=Connections(
            register=EmbeddedRegister(),
            sms=no_messages,
            partners=embedded_partners(lambda union: settings.for_union(union).partners),
        ),
        sinks=lambda _consumer: Ear(),
        posture=lambda _device: Known.YES,
    )
    clockwork = Clockwork()
    async with open_office(setup) as office, trio.open_nursery() as nursery, AsyncExitStack() as up:
        door = _Door(office, outside, office_keys, nursery, up)
        terminals = []
        for member in tellers:
            node = f"T-{member.card.staff_id}"
            terminal = Terminal(
                node, DeviceKeys.generate(os.urandom), member.card.staff_id, clockwork, nursery
            )
            await door.enter(terminal, Role.TERMINAL, "53011101", CaseChanged, terminal.hear)
            await terminal.ask(SignIn(member.card.staff_id, TELLER_PASSCODE))
            terminals.append(terminal)
        for number, member in enumerate(authorizers):
            node = f"D-{member.card.staff_id}"
            desk = Desk(
                node, DeviceKeys.generate(os.urandom), member.card.staff_id, clockwork, nursery
            )
            desk.open(number)
            await door.enter(desk, Role.DESK, "53011100", QueueChanged, desk.hear)
            await desk.ask(SignIn(member.card.staff_id, DESK_PASSCODE))
            desk.look(await desk.ask(WatchQueue()))
        pads = []
        for serial in range(1, TERMINALS + 1):
            key_id, initial = security.pad_key(serial)
            pads.append(Pad(FutureKeys.inject(initial, key_id)))
        yield World(office, terminals, clockwork), pads
        nursery.cancel_scope.cancel()


@dataclass
class _Door:
    """Lets peers in: each is invited, dials, and stays for as long as the world."""

    office: BackOffice
    outside: Outside
    office_keys: DeviceKeys
    nursery: trio.Nursery
    up: AsyncExitStack

    async def enter(
        self,
        peer: Peer,
        role: Role,
        outlet: str,
        told: type[msgspec.Struct],
        hear: Callable[[Incoming], None],
    ) -> None:
        invited = await self.office.operator.invite("bench", Invite(role, peer.name, outlet, UNION))
        assert not isinstance(invited, Refusal), invited
        invitation = Invitation.from_uri(invited.uri)
        signing = peer.keys.signing
        connection = await self.up.enter_async_context(
            open_client(
                WebSocketDialer(self.nursery),
                self.office.address,
                credentials=Credentials(
                    peer.keys.noise,
                    self.office_keys.noise.public,
                    Ticket(invitation.ticket, invitation.psk),
                ),
                introduction=Introduction(
                    role, peer.name, signing.public, lambda body: signing.sign(ENROL, body)
                ),
                codec=MessageCodec((told,)),
                handler=hear,
                entropy=os.urandom,
                chance=random.Random(peer.name),
            )
        )
        peer.attach(connection)


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=32).digest()


def _now_ms() -> int:
    return production_outside().wall.now_ms()


__all__ = ["Clockwork", "Pad", "Prepared", "World", "open_world", "prepare"]
