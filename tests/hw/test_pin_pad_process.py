"""The PIN pad as a program of its own: real pipes, a keyboard nobody else holds, and kill -9."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psec
import pytest
import trio

from hw.errors import PeripheralError, PeripheralLost, PinEnd, PinEntryEnded
from hw.messages import PinContext, SealedPin
from hw.transport import Piece, ProcessTransport
from hw.virtual.kit import pin_pad_process
from hw.virtual.pin_customer import ENTER, PinCustomer
from hw.virtual.pin_pad import MemoryFile
from tests.hw.kit import BDK, CARDS, INITIAL, KEY_ID, Bench, make_kit, open_bench
from tests.kit.running import run_real
from wire import dukpt
from wire.dukpt import FutureKeys, Ksn, Usage
from wire.form import Capability
from wire.masked import Pan

pytestmark = pytest.mark.processes

PAN = Pan(CARDS[0])
PAD = Capability.PIN_PAD
PIN = "739152"


class Overheard(ProcessTransport):
    """A line that remembers every byte that crossed it, either way."""

    def __init__(self, argv: list[str], pass_fds: tuple[int, ...]) -> None:
        super().__init__(argv, pass_fds=pass_fds)
        self.bytes = b""

    async def send(self, data: bytes) -> None:
        self.bytes += data
        await super().send(data)

    async def receive(self) -> Piece:
        piece = await super().receive()
        self.bytes += piece.data
        return piece


class Keyboard:
    """The writing end of the pad's keyboard; only the virtual customer holds it."""

    def __init__(self) -> None:
        self.pad_end, self._hand = os.pipe()

    def press(self, keys: str) -> None:
        os.write(self._hand, keys.encode())

    def close(self) -> None:
        os.close(self.pad_end)
        os.close(self._hand)


@asynccontextmanager
async def open_pad(memory: Path) -> AsyncIterator[tuple[Bench, Overheard, Keyboard]]:
    """A kit whose PIN pad is a process with fresh keys and a keyboard."""
    MemoryFile(memory).store(FutureKeys.inject(INITIAL, KEY_ID))
    keyboard = Keyboard()
    argv = [sys.executable, "-m", "hw.virtual.pin_pad", "--memory", str(memory)]
    line = Overheard([*argv, "--keyboard-fd", str(keyboard.pad_end)], pass_fds=(keyboard.pad_end,))
    try:
        async with open_bench(make_kit(pin_pad=line)) as bench:
            await bench.until(PAD, "idle")
            yield bench, line, keyboard
    finally:
        keyboard.close()


def opened(sealed: SealedPin) -> str:
    """What the office's security module finds in the block."""
    ksn = Ksn.parse(sealed.ksn)
    initial = dukpt.initial_key(BDK, ksn.key_id)
    key = dukpt.working_key(initial, ksn.key_id, ksn.counter, Usage.PIN_ENCRYPTION)
    return psec.pinblock.decipher_pinblock_iso_4(key, sealed.block, PAN.digits)


async def _new_pin(bench: Bench, ends: list[SealedPin | PeripheralError]) -> None:
    try:
        ends.append(await bench.toolbox.enter_new_pin(PAN, PinContext(), within=20))
    except PeripheralError as error:
        ends.append(error)


def test_a_pin_is_typed_in_another_process(tmp_path: Path) -> None:
    """The office opens what was typed; the digits are in no byte that crossed to the terminal."""

    async def story() -> None:
        async with open_pad(tmp_path / "pad") as (bench, line, keyboard):
            ends: list[SealedPin | PeripheralError] = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_new_pin, bench, ends)
                await bench.until(PAD, "entering")
                keyboard.press(PIN + ENTER + PIN + ENTER)
            (sealed,) = ends
            assert isinstance(sealed, SealedPin)
            assert opened(sealed) == PIN
            for trace in (PIN.encode(), bytes.fromhex(PIN), PIN.encode("utf-16-le")):
                assert trace not in line.bytes
            assert PIN.encode() not in (tmp_path / "pad").read_bytes()

    run_real(story)


def test_the_pad_is_killed_in_the_middle_of_an_entry(tmp_path: Path) -> None:
    """The caller learns that it is lost; a new pad comes up and never repeats a key serial."""

    async def story() -> None:
        memory = tmp_path / "pad"
        async with open_pad(memory) as (bench, line, keyboard):
            ends: list[SealedPin | PeripheralError] = []
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_new_pin, bench, ends)
                await bench.until(PAD, "entering")
                keyboard.press("739")
                assert line.process is not None
                line.process.kill()
            (lost,) = ends
            assert isinstance(lost, PeripheralLost | PinEntryEnded)
            await bench.until(PAD, "idle")
            assert line.epoch == 2
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_new_pin, bench, ends)
                await bench.until(PAD, "entering")
                keyboard.press(PIN + ENTER + PIN + ENTER)
            sealed = ends[1]
            assert isinstance(sealed, SealedPin)
            assert opened(sealed) == PIN
            assert Ksn.parse(sealed.ksn).counter == 2

    run_real(story)


def test_a_pad_with_its_own_customer_needs_no_keyboard(tmp_path: Path) -> None:
    """For a demonstration: the customer lives with the pad, and is cancelled with the caller."""

    async def story() -> None:
        memory = tmp_path / "pad"
        MemoryFile(memory).store(FutureKeys.inject(INITIAL, KEY_ID))
        line = pin_pad_process(memory, customer="demo")
        async with open_bench(make_kit(pin_pad=line)) as bench:
            await bench.until(PAD, "idle")
            with pytest.raises(PinEntryEnded) as caught:
                await bench.toolbox.enter_pin(PAN, within=0.5)
            assert caught.value.reason is PinEnd.TIMED_OUT
            sealed = await bench.toolbox.enter_pin(PAN, within=20)
            assert opened(sealed) == PinCustomer("demo").pin(PAN.digits)

    run_real(story)


def test_a_pad_s_memory_is_its_own(tmp_path: Path) -> None:
    """Only its user may read the file, and a damaged one holds no keys."""
    memory = MemoryFile(tmp_path / "pad")
    keys = FutureKeys.inject(INITIAL, KEY_ID)

    assert memory.load() is None
    memory.store(keys)
    assert keys == memory.load()
    assert stat.S_IMODE((tmp_path / "pad").stat().st_mode) == 0o600
    (tmp_path / "pad").write_bytes(b"damaged")
    assert memory.load() is None


def test_a_program_that_is_not_there_is_a_lost_peripheral(tmp_path: Path) -> None:
    """A wrong path is an error of the peripheral, not of the program."""

    async def story() -> None:
        line = ProcessTransport([str(tmp_path / "nothing")])
        with pytest.raises(PeripheralLost):
            await line.open()
        with pytest.raises(PeripheralLost):
            await line.send(b"x")
        with pytest.raises(PeripheralLost):
            await line.receive()
        await line.close()

    run_real(story)
