"""A terminal as a process: its folder, its virtual kit, its page, until somebody stops it.

The kit is the virtual toolbox, with the PIN pad in a process of its own; a real one takes its place
behind the same transports.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, get_args

import msgspec
import trio

from actors.blobs import BlobTerms
from actors.ports import Outside
from hw.transport import FaultPlan
from hw.virtual.kit import VirtualToolbox, pin_pad_process
from hw.virtual.pin_pad import MemoryFile
from supervisors.at_rest import open_blobs, open_keys
from supervisors.client import Client, ClientOptions, Joining
from supervisors.storage import sqlite
from terminal.clerk import Clerk, StuckError
from terminal.clerk_answers import no_phones, phones_in
from terminal.draft import Draft
from terminal.location import training_place
from terminal.page_commands import Asked, SignInHere, SignOutHere
from terminal.program import Setup, Terminal, open_terminal
from terminal.virtual_customer import VirtualCustomer, card_number
from wire.checks import CHINA
from wire.codec import decode_json
from wire.dukpt import FutureKeys
from wire.errors import BadFrame
from wire.message import Code, Refusal
from wire.messages.case import Step
from wire.messages.session import Role
from wire.page import PageProgram, Pages

PAGE_FILES: Final = Path(__file__).parent / "page"
SIGN_IN_AGAIN_S: Final = 0.5

BLOBS: Final = BlobTerms(quota_bytes=16 * 1024**3, free_bytes_min=256 * 1024**2)
"""How much of a tablet's disk photos and recordings may take."""


@dataclass(frozen=True, kw_only=True)
class Options(ClientOptions):
    """How a terminal is run.

    Attributes:
        pad_key: the key to inject into a new virtual PIN pad, or None.
        auto: products that a scripted teller works through, in order; empty for a person.
        staff_id: who the scripted teller is.
        colleague_id: who the scripted teller calls in as a second person; empty for nobody.
        phones: where a training office leaves what it sends to phones; None for real phones.
    """

    pad_key: Path | None
    auto: tuple[str, ...]
    staff_id: str
    passcode: str
    colleague_id: str
    colleague_passcode: str
    phones: Path | None

    @property
    def colleagues(self) -> tuple[tuple[str, str], ...]:
        """Whom the scripted teller can call in."""
        return ((self.colleague_id, self.colleague_passcode),) if self.colleague_id else ()


class Moved(msgspec.Struct, frozen=True, tag="state", tag_field="event"):
    """A case reached a state."""

    case_id: str
    state: str
    at_ms: int


class Finished(msgspec.Struct, frozen=True, tag="finished", tag_field="event"):
    """The scripted teller brought a case to its end."""

    case_id: str
    product: str
    state: str
    steps: Sequence[Step]
    card_masked: str


class CannotInject(Exception):
    """The file with the PIN pad's key cannot be used."""


class _PadKey(msgspec.Struct, frozen=True):
    key_id: bytes
    initial: bytes


async def run_terminal(options: Options, say: Callable[[object], None]) -> None:
    """Run until stopped, or until the scripted teller is done.

    Raises:
        NotEnrolled, BadInvitation, KeyFileUnusable, CannotInject, FolderUnusable: the folder is
            unusable.
        StuckError: the scripted teller was refused for good.
    """
    terminals: list[Terminal] = []
    pages: Pages[Asked] = Pages(
        lambda: terminals[0].state(),
        lambda asked: terminals[0].answer(asked),
        leaving=SignOutHere,
    )

    @asynccontextmanager
    async def start(joining: Joining) -> AsyncIterator[Terminal]:
        membership, outside = joining.membership, joining.outside
        if options.pad_key is not None:
            inject(options.folder / "pin-pad.json", options.pad_key)
        kit = _kit(options.folder, membership.name, outside)
        database = options.folder / "terminal.db"
        sealer = open_keys(database, outside.entropy)
        customer = VirtualCustomer(
            kit,
            _today(outside),
            lambda: terminals[0].drafts.newest_first(),
            partial(card_number, membership.name),
        )
        setup = Setup(
            device=membership.name,
            outside=outside,
            storage=sqlite(database),
            blobs=open_blobs(database, sealer, outside, BLOBS),
            keys=membership.keys,
            credentials=membership.credentials,
            introduction=membership.introduction(Role.TERMINAL),
            address=membership.address,
            dialer=joining.dialer,
            transports=kit.transports,
            customer=customer,
            locate=training_place,
            watch=pages.changed,
            welcomed=membership.welcomed,
        )
        async with open_terminal(setup) as terminal:
            terminals.append(terminal)
            yield terminal

    async def work(terminal: Terminal, done: Callable[[], None]) -> None:
        await _work(terminal, options, say)
        done()

    client = Client(start, lambda terminal: _page(terminal, pages), work if options.auto else None)
    await client.run(options, say)


def inject(memory: Path, key_file: Path) -> None:
    """Give a virtual PIN pad its initial key, once; a pad that has keys keeps them.

    Raises:
        CannotInject: the file is no pad key.
    """
    if memory.exists():
        return
    try:
        key = decode_json(_PadKey, key_file.read_bytes())
    except (BadFrame, OSError):
        raise CannotInject(f"{key_file} is no PIN pad key") from None
    MemoryFile(memory).store(FutureKeys.inject(key.initial, key.key_id))


def _page(terminal: Terminal, pages: Pages[Asked]) -> PageProgram:
    return PageProgram(
        title="背包银行 柜员终端",
        files=PAGE_FILES,
        commands=get_args(Asked),
        session=pages,
        images=_Images(terminal),
        paper=terminal.paper,
    )


class _Images:
    """The terminal's photos for its own page."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    async def fetch(self, digest: str) -> bytes | None:
        return await self._terminal.image(bytes.fromhex(digest))

    async def keep(self, jpeg: bytes) -> str | Refusal:
        kept = await self._terminal.keep_upload(jpeg)
        return kept if isinstance(kept, Refusal) else kept.hex()


async def _work(terminal: Terminal, options: Options, say: Callable[[object], None]) -> None:
    """The scripted teller: cases that an earlier start left open first, then one per product."""
    while terminal.teller.staff is None:
        refusal = await terminal.perform(SignInHere(options.staff_id, options.passcode))
        if refusal is not None and refusal.code is not Code.BUSY:
            raise StuckError(refusal.message)
        await trio.sleep(SIGN_IN_AGAIN_S)
    clerk = Clerk(
        terminal,
        lambda case_id, state, at_ms: say(Moved(case_id, state, at_ms)),
        colleagues=options.colleagues,
        phones=phones_in(options.phones) if options.phones is not None else no_phones,
    )
    for product in options.auto:
        case_id = _begun(terminal, options.auto, product) or await clerk.begin(product)
        case = await clerk.finish(case_id)
        say(Finished(case_id, product, case.state, case.steps, case.deliver))


def _begun(terminal: Terminal, products: Sequence[str], product: str) -> str:
    """The case of this round that an earlier start began, or empty.

    A round is one case of every product; the case of a round is unfinished, or finished while
    another product's case of the same round is not.
    """
    drafts: dict[str, list[Draft]] = {code: [] for code in products}
    for _, draft in terminal.drafts.newest_first():
        if draft.product is not None and draft.product.code in drafts:
            drafts[draft.product.code].append(draft)
    rounds_done = min(sum(d.finished for d in known) for known in drafts.values())
    of_product = sorted(drafts[product], key=lambda draft: draft.case_id)
    return of_product[rounds_done].case_id if len(of_product) > rounds_done else ""


def _kit(folder: Path, device: str, outside: Outside) -> VirtualToolbox:
    # A camera of which two starts took the same pictures would have the second customer's photos
    # stand out as reused; customers themselves are made from their case, not from this.
    return VirtualToolbox(
        outside.ids.new(),
        today=_today(outside),
        cards=(),
        pad_keys=None,
        entropy=outside.entropy,
        plan=FaultPlan(outside.random),
        pin_pad=pin_pad_process(folder / "pin-pad.json", customer=device),
        by_hand=True,
    )


def _today(outside: Outside) -> dt.date:
    return dt.datetime.fromtimestamp(outside.wall.now_ms() / 1000, CHINA).date()


__all__ = ["CannotInject", "Finished", "Moved", "Options", "inject", "run_terminal"]
