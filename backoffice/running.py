"""An office as a process: its folder, its port, its first operator, until somebody stops it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog
import trio

from actors.blobs import BlobTerms
from actors.outside import production_outside
from actors.ports import Outside
from actors.runtime.stopping import stop_signals
from actors.store import StoreError
from backoffice.catalogue import products
from backoffice.configuration.file import BadConfiguration, Problem, read_settings
from backoffice.configuration.settings import Settings, for_training
from backoffice.customers.feed import Consumer
from backoffice.customers.sinks import FeedTerms, FileSink, Sink, http_sink
from backoffice.founding import NOTE_EVERY_S, check_ledger, note_ledger
from backoffice.office import Postures
from backoffice.partners.conduct import Conducts
from backoffice.partners.connections import HTTP, TITLES, Connections, NotConnected, Ports
from backoffice.partners.identity_check import EmbeddedRegister
from backoffice.partners.policy import embedded_partners
from backoffice.partners.sms import (
    EmbeddedMessages,
    SmsTerms,
    gateways,
)
from backoffice.peers.devices import EnrolDevice
from backoffice.premises import Premises, training_union
from backoffice.program import BackOffice, Setup, open_office
from backoffice.staff import Roster
from backoffice.throttle import PasscodeTerms
from supervisors.at_rest import open_blobs, open_keys
from supervisors.folder import hold
from supervisors.storage import Place, SqlitePlace, place_at
from wire.checks import Known
from wire.keys import DeviceKeys, Invitation
from wire.membership import appoint
from wire.message import Code, Refusal
from wire.messages.session import Invite, Role
from wire.private_file import write_private
from wire.socket import WebSocketListener

log = structlog.get_logger("office")

TRAINING_DEVICES: Final = (
    ("T-0001", Role.TERMINAL, "53011101"),
    ("T-0002", Role.TERMINAL, "53011101"),
    ("D-0001", Role.DESK, "53011100"),
    ("D-0002", Role.DESK, "53000001"),
)
"""(device, role, outlet) that a training office invites at its first start."""

OPERATOR: Final = "O-0001"


class Ready(msgspec.Struct, frozen=True, tag="ready", tag_field="event"):
    """The office can be reached.

    Attributes:
        address: for terminals, desks and operators.
        operator_key: the key file for `backpack tree`.
        operator_public: the operator's Noise key in hex, for the inspectors of other programs.
    """

    address: str
    operator_key: str
    operator_public: str
    invitations: str
    pads: str


class CannotSetUp(Exception):
    """The office's first operator or invitations could not be made."""


async def run_office(
    folder: Path,
    host: str,
    port: int,
    *,
    training: bool,
    say: Callable[[object], None],
    config: Path | None = None,
    store: str = "",
) -> None:
    """Run until stopped.

    Args:
        folder: see `backoffice.premises`.
        training: people and devices of a training office are made at the first start.
        say: gets `Ready`.
        config: the configuration; all defaults without one.
        store: where the ledger lies, `sqlite:PATH` or `postgresql://…`; in the folder if empty.

    Raises:
        BadConfiguration: the configuration is wrong.
        NotConnected: outside training, the configuration does not say who serves some port.
        BadRoster, KeyFileUnusable, BadModule, FolderUnusable: the folder is unusable.
        WrongLedger: its ledger is not the one that belongs there.
        StoreError: the ledger does not open, or `store` names no place for one.
        OSError: the port is taken.
    """
    catalogue = products()
    settings = read_settings(config, catalogue) if config is not None else Settings(catalogue)
    premises = Premises(folder)
    place = place_at(store) if store else SqlitePlace(premises.database)
    with hold(folder), stop_signals() as stopped:
        listener = WebSocketListener(host, port)
        await listener.check()
        settings = for_training(settings) if training else settings
        await _serve(premises, place, listener, settings, training, say, stopped)


async def _serve(
    premises: Premises,
    place: Place,
    listener: WebSocketListener,
    settings: Settings,
    training: bool,
    say: Callable[[object], None],
    stopped: Callable[[], Awaitable[None]],
) -> None:
    conducts = _conducts(settings, training)
    outside = production_outside()
    keys, security = premises.open(outside)
    sealer = open_keys(premises.database, outside.entropy)
    now_ms = outside.wall.now_ms()
    check_ledger(premises.folder, place, keys.noise.public, now_ms)
    if training:
        premises.train(outside)
    setup = Setup(
        outside=outside,
        storage=place.storage(),
        blobs=open_blobs(premises.database, sealer, outside, settings.shared(BlobTerms)),
        keys=keys,
        listener=listener,
        roster=Roster(
            premises.roster(), outside.wall, outside.offload, settings.shared(PasscodeTerms)
        ),
        roster_file=premises,
        security=security,
        products=dict(settings.catalogue),
        listening=lambda _address: None,
        settings=settings,
        connections=_connections(premises, settings, outside, training),
        conducts=conducts,
        posture=_posture(training),
        sinks=partial(_sink, premises, settings.shared(FeedTerms), outside),
    )
    async with open_office(setup) as office:
        operator = await _appoint_operator(office, premises, keys, outside)
        if training:
            await _invite_devices(office, premises)
            for number, (device, role, _) in enumerate(TRAINING_DEVICES, start=1):
                if role is Role.TERMINAL:
                    premises.pad_key_file(device, number, security)
        say(
            Ready(
                office.address,
                str(premises.operator / "device.key"),
                operator.noise.public.hex(),
                str(premises.invitations),
                str(premises.pads),
            )
        )
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_note_ledger, premises.folder, office)
            await stopped()
            nursery.cancel_scope.cancel()


async def _note_ledger(folder: Path, office: BackOffice) -> None:
    """Keep `ledger.json` at most a minute behind; a store that refuses is asked again then."""
    services = office.office()
    while True:
        with suppress(StoreError):
            heads = await services.store.heads()
            await services.outside.offload(partial(note_ledger, folder, heads))
        await trio.sleep(NOTE_EVERY_S)


def _connections(
    premises: Premises, settings: Settings, outside: Outside, training: bool
) -> Connections:
    """What the configuration names, and in a training office whatever else there is embedded.

    Raises:
        NotConnected: outside training, of some port nothing is said.
        BadConfiguration: a gateway is named, and nowhere its address.
    """
    ports = settings.shared(Ports)
    if ports.unsaid and not training:
        raise NotConnected(ports.unsaid)
    unions = (settings.for_union(union) for union in ("", *settings.unions))
    if ports.sms == HTTP and not any(one.section(SmsTerms).url for one in unions):
        zh = "短信由网关发送时，须写明网关地址"
        en = 'should be the gateway\'s address where ports.sms is "http"'
        raise BadConfiguration(Problem(0, "sms.url", zh, en))
    for party in sorted(ports.refused):
        log.warning("port.refused", port=str(party), refuses=TITLES[party][1])
    if not training:
        sms = gateways(lambda union: settings.for_union(union).section(SmsTerms))
        there = Connections(register=None, sms=sms, partners={})
        return there.without(ports.refused)
    kept = EmbeddedMessages(outside.offload, premises.phones)
    embedded = Connections(
        register=EmbeddedRegister(),
        sms=lambda _union: kept,
        partners=embedded_partners(lambda union: settings.for_union(union).partners),
    )
    return embedded.without(ports.refused)


def _conducts(settings: Settings, training: bool) -> Conducts:
    """Everybody behaves as they do; in a training office some may be out of order for a drill.

    Raises:
        BadConfiguration: a drill, outside training.
    """
    drills = settings.shared(Ports).drills
    if drills and not training:
        zh, en = "仅可用于培训环境（--training）的演练", "is a drill, for --training alone"
        raise BadConfiguration(*(Problem(0, f"ports.{one}", zh, en) for one in sorted(drills)))
    for party, conduct in sorted(drills.items()):
        log.warning("port.drill", port=str(party), manner=str(conduct.manner))
    conducts = Conducts()
    conducts.drill(drills)
    return conducts


def _posture(training: bool) -> Postures:
    """The virtual tablets of a training office are as they should be; of others nobody knows."""
    virtual = {device for device, role, _ in TRAINING_DEVICES if role is Role.TERMINAL}
    fine = virtual if training else set()
    return lambda device: Known.YES if device in fine else Known.UNKNOWN


def _sink(premises: Premises, terms: FeedTerms, outside: Outside, consumer: Consumer) -> Sink:
    """An endpoint where one is configured, else a folder of its own."""
    url = terms.url_of(consumer.name)
    return http_sink(url) if url else FileSink(premises.feeds / consumer.name, outside.offload)


async def _appoint_operator(
    office: BackOffice, premises: Premises, keys: DeviceKeys, outside: Outside
) -> DeviceKeys:
    """The first operator: made with the office, enrolled without a wire in between."""
    key_file = premises.operator / "device.key"
    if not key_file.exists():
        public = keys.noise.public
        operator = DeviceKeys.generate(outside.entropy)
        appoint(premises.operator, OPERATOR, office.address, public, operator)
    operator = DeviceKeys.load(key_file)
    invite = Invite(Role.OPERATOR, OPERATOR, "office", "office")
    invited = await office.operator.invite("setup", invite)
    if not isinstance(invited, Refusal):
        ticket = Invitation.from_uri(invited.uri).ticket
        enrol = EnrolDevice(ticket, operator.noise.public, operator.signing.public)
        services = office.office()
        answer = await services.ask(services.devices, "setup", enrol)
        if isinstance(answer, Refusal):
            raise CannotSetUp(_why(answer))
    return operator


async def _invite_devices(office: BackOffice, premises: Premises) -> None:
    for device, role, outlet in TRAINING_DEVICES:
        path = premises.invitations / f"{device}.txt"
        if path.exists():
            continue
        invite = Invite(role, device, outlet, training_union(outlet))
        answer = await office.operator.invite("setup", invite)
        if isinstance(answer, Refusal):
            raise CannotSetUp(f"{device}: {_why(answer)}")
        write_private(path, answer.uri.encode())


def _why(refusal: Refusal) -> str:
    """In words; nobody else asks for anything yet, so it is the disk that is busy."""
    if refusal.code is not Code.BUSY:
        return refusal.message
    return (
        "账本暂不能写入（磁盘已满、只读或被占用） · "
        "the ledger cannot be written to now (disk full, read-only or locked)"
    )


__all__ = ["OPERATOR", "TRAINING_DEVICES", "CannotSetUp", "Ready", "run_office"]
