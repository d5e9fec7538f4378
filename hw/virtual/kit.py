"""A whole virtual toolbox from one seed: devices, lines, and the people at them.

For the demo, the load swarm and the simulation. Deliberately not here: supervision; hand
`transports` to `hw.form_factor.toolbox_spec`. Invariant: the same seed, the same day and the same
calls give the same cards, photos, strokes and faults.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import trio

from actors.ports import Entropy
from hw.transport import FaultPlan, ProcessTransport, Transport, VirtualTransport
from hw.virtual.bank_card import VirtualBankCard
from hw.virtual.camera import VirtualCamera
from hw.virtual.card_reader import VirtualCardReader
from hw.virtual.citizens import IdCard, deck
from hw.virtual.id_reader import VirtualIdReader
from hw.virtual.microphone import VirtualMicrophone
from hw.virtual.pin_customer import PinCustomer
from hw.virtual.pin_pad import MemoryInside, VirtualPinPad
from hw.virtual.receipt_printer import VirtualReceiptPrinter
from hw.virtual.signature_pad import VirtualSignaturePad
from wire.dukpt import FutureKeys
from wire.form import Capability

FAST_FRAGMENT_BYTES = 4096
"""Camera and microphone hang on fast lines."""


class VirtualToolbox:
    """Seven virtual peripherals.

    Attributes:
        transports: their lines, for `toolbox_spec`.
        plan: what goes wrong.
        id_reader: lays down a new citizen's card for each reading.
        card_reader: takes the next card of the stack.
        pin_pad: None when it runs as a process of its own.
        camera: see `hw.virtual.camera`.
        signature_pad: see `hw.virtual.signature_pad`.
        microphone: see `hw.virtual.microphone`.
        printer: collects what was printed.
    """

    def __init__(
        self,
        seed: str,
        *,
        today: dt.date,
        cards: Iterable[str],
        pad_keys: FutureKeys | None,
        entropy: Entropy,
        plan: FaultPlan | None = None,
        people: Iterator[IdCard] | None = None,
        pin_pad: Transport | None = None,
        by_hand: bool = False,
    ) -> None:
        """Build the kit.

        Args:
            seed: what tells this kit from others.
            today: the day on which its citizens' cards are valid.
            cards: numbers of the bank cards in the stack, in order.
            pad_keys: what was injected into the PIN pad; None for a pad without keys.
            entropy: of the PIN pad, for the fill of its blocks.
            plan: faults; none by default.
            people: the deck of ID cards instead of the seed's own.
            pin_pad: the line to a PIN pad in a process of its own, see `pin_pad_process`.
            by_hand: nobody lays down or puts in cards, or types; the caller does.
        """
        self.plan = plan if plan is not None else FaultPlan(_dice(seed, "faults"))
        people = people if people is not None else deck(_dice(seed, "people"), today)
        self.id_reader = VirtualIdReader(people, self.plan, by_hand=by_hand)
        stack = map(VirtualBankCard, cards)
        self.card_reader = VirtualCardReader(stack, self.plan, by_hand=by_hand)
        self.camera = VirtualCamera(_dice(seed, "camera"), self.plan)
        self.signature_pad = VirtualSignaturePad(_dice(seed, "signature"), self.plan)
        self.microphone = VirtualMicrophone(_dice(seed, "microphone"), self.plan)
        self.printer = VirtualReceiptPrinter(self.plan)
        self.pin_pad: VirtualPinPad | None = None
        if pin_pad is None:
            customer = None if by_hand else PinCustomer(seed)
            memory = MemoryInside(pad_keys)
            self.pin_pad = VirtualPinPad(memory, entropy, self.plan, customer)
        self.lines = self._lines()
        self.transports: Mapping[Capability, Transport] = dict(self.lines)
        if pin_pad is not None:
            self.transports = {**self.lines, Capability.PIN_PAD: pin_pad}

    def press(self, keys: str) -> None:
        """Press keys on the PIN pad in this process, now."""
        assert self.pin_pad is not None, "a pad in a process has its keyboard there"
        self.pin_pad.press(keys, trio.current_time())
        self.lines[Capability.PIN_PAD].nudge()

    def insert(self, card: VirtualBankCard | None) -> None:
        """Put a bank card in, or take out what is in, now."""
        if card is None:
            self.card_reader.remove()
        else:
            self.card_reader.insert(card)
        self.lines[Capability.CARD_READER].nudge()

    def _lines(self) -> dict[Capability, VirtualTransport]:
        lines = {
            name: VirtualTransport(name, device, self.plan, fragment_bytes=FAST_FRAGMENT_BYTES)
            for name, device in (
                (Capability.CAMERA, self.camera),
                (Capability.MICROPHONE, self.microphone),
            )
        }
        for name, device in (
            (Capability.ID_READER, self.id_reader),
            (Capability.CARD_READER, self.card_reader),
            (Capability.SIGNATURE, self.signature_pad),
            (Capability.PRINTER, self.printer),
        ):
            lines[name] = VirtualTransport(name, device, self.plan)
        if self.pin_pad is not None:
            lines[Capability.PIN_PAD] = VirtualTransport(
                Capability.PIN_PAD, self.pin_pad, self.plan
            )
        return lines


def pin_pad_process(memory: Path, *, customer: str | None = None) -> ProcessTransport:
    """A line to a virtual PIN pad in a process of its own.

    Args:
        memory: the file with its keys, see `hw.virtual.pin_pad.MemoryFile`.
        customer: seed of the customer who types by itself; None for nobody.
    """
    argv = [sys.executable, "-m", "hw.virtual.pin_pad", "--memory", str(memory)]
    return ProcessTransport(argv if customer is None else [*argv, "--customer", customer])


def _dice(seed: str, part: str) -> random.Random:
    # Seeded on purpose: a virtual kit must be the same again from its seed, and keeps no secret.
    return random.Random(f"{seed}/{part}")  # noqa: S311 - see above


__all__ = ["VirtualToolbox", "pin_pad_process"]
