"""Who is let into a page, with what, for how long, and who is let go."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.page_visitor import Bookkeeper, open_door
from tests.kit.running import run_real
from wire.door_file import DOOR_FILE, LINK_LIFE_S, DoorFile, NoDoor
from wire.errors import LocalMisuse
from wire.page.gate import FRAGMENT, LINKS_MAX, SESSIONS_MAX, Gate, page_host

HOST = "t-0001.localhost:7000"


class Clock:
    """Seconds that a test turns on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def counting(size: int, _count: list[int] = [0]) -> bytes:  # noqa: B006 - one count for all
    _count[0] += 1
    return _count[0].to_bytes(size, "big")


def new_gate(clock: Clock | None = None, *, lasting: bool = False) -> Gate:
    return Gate(host=HOST, entropy=counting, now=clock or Clock(), lasting=lasting)


def token_of(link: str) -> str:
    head, _, token = link.partition(FRAGMENT)
    assert head == f"http://{HOST}/"
    return token


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.js").write_text("")
    return folder


@pytest.mark.parametrize(
    ("device", "host"), [("T-0001", "t-0001.localhost"), ("9", "9.localhost"), ("a" * 32, None)]
)
def test_a_page_is_named_for_its_device(device: str, host: str | None) -> None:
    """One stable name, in the form that browsers send it."""
    assert page_host(device) == host or f"{device}.localhost"


@pytest.mark.parametrize("device", ["", "-a", "a-", "a.b", "a_b", "柜员", "a b", "a" * 33, "a\n"])
def test_an_id_that_names_no_host_is_told_at_once(device: str) -> None:
    """Not a page that no browser can find."""
    with pytest.raises(LocalMisuse):
        page_host(device)


def test_a_link_works_once_and_for_a_minute() -> None:
    """The last moment counts, the next does not; what was used is used."""
    clock = Clock()
    gate = new_gate(clock)
    first, second = token_of(gate.mint_link()), token_of(gate.mint_link())

    clock.now += LINK_LIFE_S
    session = gate.redeem(first)
    assert session is not None
    assert gate.session(session) is not None
    assert gate.redeem(first) is None
    clock.now += 0.001
    assert gate.redeem(second) is None
    assert gate.redeem("") is None
    assert gate.redeem(session) is None


def test_a_lasting_link_works_as_long_as_its_gate() -> None:
    """The demo's address: a second click, and one of tomorrow, and no other gate's."""
    clock = Clock()
    gate = new_gate(clock, lasting=True)
    token = token_of(gate.printed)
    clock.now += 1_000_000

    assert None not in (gate.redeem(token), gate.redeem(token))
    assert new_gate().redeem(token) is None
    assert new_gate().printed == f"http://{HOST}/"


def test_tokens_are_bounded_and_the_oldest_go_first() -> None:
    """A door that is opened for ever does not grow; a window that is let go hears of it."""
    gate = new_gate()
    links = [token_of(gate.mint_link()) for _ in range(LINKS_MAX + 1)]
    assert gate.redeem(links[0]) is None

    tokens = []
    for _ in range(SESSIONS_MAX):
        token = gate.redeem(token_of(gate.mint_link()))
        assert token is not None
        tokens.append(token)
    oldest = gate.session(tokens[0])
    assert oldest is not None
    assert not oldest.ended.is_set()
    assert gate.redeem(links[1]) is None
    assert gate.redeem(token_of(gate.mint_link())) is not None
    assert oldest.ended.is_set()
    assert gate.session(tokens[0]) is None
    assert gate.session(tokens[1]) is not None


def test_who_leaves_ends_every_other_session() -> None:
    """One new token takes the place of all."""
    gate = new_gate(lasting=True)
    tokens = [gate.redeem(token_of(gate.printed)) or "" for _ in range(3)]
    ending = [gate.session(token) for token in tokens]

    token, session = gate.begin_alone()

    assert [one is not None and one.ended.is_set() for one in ending] == [True] * 3
    assert [gate.session(one) for one in tokens] == [None] * 3
    assert gate.session(token) is session
    assert not session.ended.is_set()


@given(offered=st.text())
def test_any_text_is_only_unknown(offered: str) -> None:
    """Odd tokens never break the door."""
    gate, door = new_gate(lasting=True), DoorFile(HOST, b"k" * 32)
    assert (gate.redeem(offered), gate.session(offered)) == (None, None)
    assert not door.is_question(offered)


def test_nothing_shows_a_secret() -> None:
    """Printing them tells where they stand and nothing else."""
    door = DoorFile(HOST, b"k" * 32)
    gate = new_gate(lasting=True)

    assert repr(gate) == f"Gate({HOST})"
    assert repr(door) == f"DoorFile('{HOST}')"
    assert repr(door.answer(door.question("n"), gate.printed)) == "Answered()"


def test_who_reads_the_folder_gets_a_link(files: Path, tmp_path: Path) -> None:
    """Asked of the running program, each time anew; the file is its owner's and goes away."""
    left = tmp_path / DOOR_FILE

    async def story() -> None:
        async with open_door(Bookkeeper(), files, folder=tmp_path) as visitor:
            assert stat.S_IMODE(left.stat().st_mode) == 0o600
            assert DoorFile.read(tmp_path).host == visitor.door.host
            links = [await trio.to_thread.run_sync(ask, tmp_path) for _ in range(2)]

            assert links[0] != links[1]
            assert "" not in [await visitor.trade(link) for link in links]
            assert await visitor.trade(links[0]) == ""

    run_real(story)

    assert not left.exists()


def ask(folder: Path) -> str:
    return DoorFile.read(folder).ask(lambda size: b"n" * size)


@pytest.mark.parametrize("left", [None, b"", b"{}", b"[" * 9000, b'{"host":"evil.test","key":""}'])
def test_a_folder_without_a_page_is_told(tmp_path: Path, left: bytes | None) -> None:
    """No file, or one that is none."""
    if left is not None:
        (tmp_path / DOOR_FILE).write_bytes(left)
    with pytest.raises(NoDoor):
        DoorFile.read(tmp_path)


def test_a_program_that_died_answers_nobody(tmp_path: Path, files: Path) -> None:
    """Its file stayed, its port is shut."""
    kept: list[DoorFile] = []

    async def story() -> None:
        async with open_door(Bookkeeper(), files, folder=tmp_path):
            kept.append(DoorFile.read(tmp_path))

    run_real(story)
    kept[0].write(tmp_path / DOOR_FILE)
    with pytest.raises(NoDoor):
        ask(tmp_path)


def test_a_stranger_on_its_port_is_not_taken_for_it(tmp_path: Path, files: Path) -> None:
    """Neither another page door, nor somebody who repeats what was once answered."""
    said: list[bytes] = []

    async def repeat(stream: trio.SocketStream) -> None:
        async with stream:
            await stream.receive_some()
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(said[0])
            await stream.send_all(head + said[0])

    async def story() -> None:
        async with open_door(Bookkeeper(), files, folder=tmp_path) as visitor:
            other = DoorFile(visitor.door.host, b"another start's key")
            other.write(tmp_path / DOOR_FILE)
            with pytest.raises(NoDoor):
                await trio.to_thread.run_sync(ask, tmp_path)
        async with trio.open_nursery() as nursery:
            listeners = await nursery.start(trio.serve_tcp, repeat, 0)
            port = listeners[0].socket.getsockname()[1]
            door = DoorFile(f"t-0001.localhost:{port}", b"k" * 32)
            door.write(tmp_path / DOOR_FILE)
            true = door.answer(door.question("an older nonce"), "http://t-0001.localhost/")
            said.append(b'{"link":"%s","proof":"%s"}' % (true.link.encode(), true.proof.encode()))
            with pytest.raises(NoDoor):
                await trio.to_thread.run_sync(ask, tmp_path)
            nursery.cancel_scope.cancel()

    run_real(story)


def test_a_neighbour_cannot_ask_for_a_link(files: Path, tmp_path: Path) -> None:
    """Without the key in the folder there is no question that is answered."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files, folder=tmp_path) as visitor:
            await visitor.open()
            for proof in ("x", visitor.token, "00.00", DoorFile(HOST, b"guess").question("00")):
                headers = {"Host": visitor.door.host, "Authorization": f"Bearer {proof}"}
                status, _, body = await visitor.ask("/link", method="POST", headers=headers)
                assert status == 403
                assert FRAGMENT.encode() not in body

    run_real(story)
