"""What an operator does with a running bank: look into it, invite and revoke, and abuse it."""

from __future__ import annotations

import os
import random
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from actors.outside import production_outside
from backoffice.premises import TRAINING_PEOPLE
from tests.kit.programs import TELLER, Bank, Program, backpack
from tests.kit.running import run_real
from tests.processes.member import ANSWER_S_MAX, dial
from wire.envelope import ByeReason
from wire.errors import PeerRefused
from wire.keys import DeviceKeys
from wire.link import LinkState, SaidGoodbye
from wire.membership import OFFICE_FILE
from wire.message import Code
from wire.messages.session import ListProducts, SignIn, StaffCard

pytestmark = pytest.mark.processes

NODE_KEYS = {
    "path", "kind", "state", "mailbox", "mailbox_peak", "rate", "restarts", "last_error",
    "children",
}  # fmt: skip
"""What every node of `tree --json` says at least."""

CONNECTS = 200
SOCKET_S_MAX = 15.0
"""How long the office may take to hang up on nonsense."""

WELCOME_S_MAX = 20.0
LOOK_S = 0.1


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """An office, a desk and a terminal that wait for people; they must end in order."""
    with Bank(tmp_path_factory.mktemp("operator") / "bank") as bank:
        bank.open()
        yield bank
        codes = bank.close()
        told = "".join(program.stderr for program in bank.programs.values())
        assert {"terminal": 0, "desk": 0, "office": 0} == codes
        assert "Traceback" not in told


def operate(bank: Bank, command: str, *words: str, key: Path | None = None) -> Any:
    """Run an operator's command against the office."""
    key = key or bank.operator_key
    return backpack(command, "--connect", bank.address, "--key", str(key), *words)


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("office", {"/office/store", "/office/devices", "/office/cases", "/office/gateway"}),
        ("terminal", {"/terminal/toolbox", "/terminal/drafts", "/terminal/uplink"}),
        ("desk", {"/desk/link", "/desk/tending"}),
    ],
)
def test_every_program_shows_its_tree(bank: Bank, name: str, inside: set[str]) -> None:
    """As JSON whose nodes all have the promised keys, as a table and as a graph."""
    ready = bank.programs[name].ready
    address = ready["address"] if name == "office" else ready["inspect"]
    look = partial(backpack, "tree", "--connect", address, "--key", str(bank.operator_key))
    as_json, as_graph, as_text = look("--json"), look("--dot"), look("--lang", "en")

    assert (0, 0, 0) == (as_json.returncode, as_graph.returncode, as_text.returncode)
    tree = msgspec.json.decode(as_json.stdout, type=dict[str, Any])
    nodes = list(_nodes(tree))
    for node in nodes:
        assert NODE_KEYS <= set(node), node["path"]
    assert f"/{name}" == tree["path"]
    assert inside <= {node["path"] for node in nodes}
    assert as_graph.stdout.startswith("digraph ")
    assert as_graph.stdout.count("{") == as_graph.stdout.count("}")
    assert "MAIL" in as_text.stdout


def test_who_may_not_look(bank: Bank, tmp_path: Path) -> None:
    """A stranger's key and a key that is for something else are refused, with exit code 4."""
    stranger = tmp_path / "device.key"
    DeviceKeys.generate(production_outside().entropy).save(stranger)
    (tmp_path / OFFICE_FILE).write_bytes((bank.operator_key.parent / OFFICE_FILE).read_bytes())
    inspector = bank.programs["terminal"].ready["inspect"]

    for address, key in (
        (bank.address, stranger),
        (inspector, stranger),
        (bank.address, bank.folder / "desk" / "device.key"),
    ):
        refused = backpack("tree", "--connect", address, "--key", str(key))
        assert (4, "") == (refused.returncode, refused.stdout)
        assert "refused" in refused.stderr
        assert 1 == len(refused.stderr.splitlines())


def test_verify_works_beside_the_running_office(bank: Bank) -> None:
    """It only reads."""
    verified = backpack("verify", "--data", str(bank.folder / "office"), "--lang", "en")

    assert (0, "") == (verified.returncode, verified.stderr)
    assert "Sound: nothing is wrong." in verified.stdout


def test_one_program_per_folder(bank: Bank) -> None:
    """A second one would believe its own memory; it is told so and changes nothing."""
    for name in ("office", "desk", "terminal"):
        second = backpack(name, "--data", str(bank.folder / name), "--port", "0")
        assert (1, "") == (second.returncode, second.stdout)
        assert "another program runs in this folder" in second.stderr


def test_a_port_that_somebody_has(bank: Bank, tmp_path: Path) -> None:
    """Told at once, for the office's door as for a page."""
    taken = bank.address.rpartition(":")[2]
    office = backpack("office", "--data", str(tmp_path / "o"), "--training", "--port", taken)

    assert (1, "") == (office.returncode, office.stdout)
    assert "the port is taken" in office.stderr
    assert 1 == len(office.stderr.splitlines())


def test_invited_enrolled_and_revoked(bank: Bank, tmp_path: Path) -> None:
    """A new terminal comes in with the printed code; the code serves once; revoked is out."""
    place = ("--outlet", "53011101", "--union", "530111")
    invited = operate(bank, "invite", "--name", "T-0099", *place)
    assert (0, "") == (invited.returncode, invited.stderr)
    code = invited.stdout.strip()
    (tmp_path / "code.txt").write_text(code)
    folder = tmp_path / "terminal"
    words = ["terminal", "--data", str(folder), "--name", "T-0099"]
    words += ["--invitation", str(tmp_path / "code.txt")]

    _enrol(Program(words, tmp_path / "terminal.stderr"), folder / OFFICE_FILE)

    again = operate(bank, "invite", "--name", "T-0099", *place)
    assert (4, "") == (again.returncode, again.stdout)

    async def story() -> None:
        async with dial(tmp_path / "thief", "T-0099", code) as thief:
            refused = (await thief.until(LinkState.OFFLINE, failed=True)).error
            assert isinstance(refused, PeerRefused)
            assert Code.FORBIDDEN is refused.refusal.code
        async with dial(folder) as device:
            await device.until(LinkState.ONLINE)
            revoked = await trio.to_thread.run_sync(
                partial(operate, bank, "revoke", "--device", "T-0099")
            )
            assert (0, "T-0099\n") == (revoked.returncode, revoked.stdout)
            goodbye = (await device.until(LinkState.OFFLINE, failed=True)).error
            assert isinstance(goodbye, SaidGoodbye)
            assert ByeReason.REVOKED is goodbye.reason
        async with dial(folder) as device:
            refused = (await device.until(LinkState.OFFLINE, failed=True)).error
            assert isinstance(refused, PeerRefused)
            assert Code.FORBIDDEN is refused.refusal.code

    run_real(story)
    nobody = operate(bank, "revoke", "--device", "T-4711")
    assert (4, "") == (nobody.returncode, nobody.stdout)


def test_an_office_under_abuse_still_serves(bank: Bank, tmp_path: Path) -> None:
    """Nonsense is hung up on in bounded time, idlers hold nobody up, and a teller signs in."""
    host, _, port = bank.address.removeprefix("ws://").rpartition(":")
    connect = partial(socket.create_connection, (host, int(port)), SOCKET_S_MAX)
    dice = random.Random(7)
    code = (bank.folder / "office" / "invitations" / "T-0002.txt").read_text()
    passcode = next(one.passcode for one in TRAINING_PEOPLE if one.staff_id == TELLER)

    with ExitStack() as idle:
        slow = idle.enter_context(connect())
        slow.sendall(b"GET / HTTP/1.1\r\n")
        for _ in range(CONNECTS):
            idle.enter_context(connect())
        for nonsense in (
            dice.randbytes(512),
            b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"x" * 100_000,
            _upgrade() + b"\x82\xff" + (2**62).to_bytes(8, "big") + b"mask" + b"x" * 1_000,
            _upgrade() + _frame(bytes([0x99]) + dice.randbytes(64)),
            _upgrade() + _frame(b"\x01" + dice.randbytes(95)),
        ):
            with connect() as line:
                assert _hung_up_on(line, nonsense), nonsense[:20]

        async def story() -> None:
            async with dial(tmp_path / "device", "T-0002", code) as device:
                await device.until(LinkState.ONLINE)
                assert device.connection is not None
                staff = await device.connection.request(
                    SignIn(TELLER, passcode), within=ANSWER_S_MAX
                )
                assert isinstance(staff, StaffCard)
                offered = await device.connection.request(ListProducts(), within=ANSWER_S_MAX)
                assert offered.products

        run_real(story)
        assert _hung_up_on(slow, b"")
    assert 0 == operate(bank, "tree").returncode


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_office_that_is_told_to_end_says_that_it_restarts(
    how: signal.Signals, tmp_path: Path
) -> None:
    """Nobody takes it for a bad link."""
    with Bank(tmp_path / "bank") as bank:
        bank.folder.mkdir(mode=0o700)
        office = bank.start("office")
        code = (bank.folder / "office" / "invitations" / "T-0001.txt").read_text()

        async def story() -> None:
            async with dial(tmp_path / "device", "T-0001", code) as device:
                await device.until(LinkState.ONLINE)
                os.kill(office.pid, how)
                status = await device.until(LinkState.OFFLINE, failed=True)
                assert isinstance(status.error, SaidGoodbye)
                assert ByeReason.RESTARTING is status.error.reason

        run_real(story)
        assert 0 == office.finish()
        assert "Traceback" not in office.stderr


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node["children"]:
        yield from _nodes(child)


def _enrol(program: Program, office_file: Path) -> None:
    """Run a terminal until the office has welcomed it, which makes it forget its code."""
    program.start()
    try:
        for _ in range(int(WELCOME_S_MAX / LOOK_S)):
            if msgspec.json.decode(office_file.read_bytes())["invitation"] == "":
                break
            program.quiet(within=LOOK_S)
        assert msgspec.json.decode(office_file.read_bytes())["invitation"] == ""
        assert 0 == program.stop()
        assert "" == program.stderr
    finally:
        program.end()


def _upgrade() -> bytes:
    return (
        b"GET / HTTP/1.1\r\nHost: office\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )


def _frame(payload: bytes) -> bytes:
    """One masked binary frame of up to 125 bytes; the mask is zero (RFC 6455 §5.2)."""
    return bytes([0x82, 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def _hung_up_on(line: socket.socket, said: bytes) -> bool:
    """Say something and read until the other side hangs up, within the socket's timeout."""
    try:
        line.sendall(said)
        while line.recv(4096):
            pass
    except (ConnectionError, BrokenPipeError):
        return True
    except TimeoutError:
        return False
    return True
