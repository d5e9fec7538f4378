"""Who tries to use somebody else's page, and how each of them is sent away."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kit.page_visitor import Bookkeeper, open_door
from tests.kit.running import run_real
from wire.page.app import PAGES_MAX
from wire.page.guard import LAUNCHES_MAX, SESSIONS_MAX, Gate, Visit, judge

HOST = "127.0.0.1:7000"
OWN = {"host": [HOST], "cookie": ["good"]}
OWN_ORIGIN = {**OWN, "origin": [f"http://{HOST}"]}


def passes(
    headers: dict[str, list[str]],
    *,
    method: str = "GET",
    path: str = "/",
    websocket: bool = False,
    http_version: str = "1.1",
) -> bool:
    visit = Visit(websocket, http_version, "" if websocket else method, path, headers)
    return judge(visit, host=HOST, knows_session=lambda cookie: cookie == "good") is None


def test_our_own_page_passes() -> None:
    """Reading needs the cookie, writing and websockets our origin as well."""
    assert passes(OWN)
    assert passes(OWN, method="HEAD")
    assert passes(OWN_ORIGIN, method="POST", path="/upload")
    assert passes(OWN_ORIGIN, websocket=True, path="/socket")
    assert passes({"host": [HOST]}, path="/open")
    assert passes({**OWN, "sec-fetch-site": ["none"]})
    assert passes({**OWN_ORIGIN, "sec-fetch-site": ["same-origin"]}, method="POST")


@pytest.mark.parametrize(
    ("attack", "headers", "how"),
    [
        ("rebinding", {**OWN, "host": ["rebind.test:7000"]}, {}),
        ("localhost is another name", {**OWN, "host": ["localhost:7000"]}, {}),
        ("no port", {**OWN, "host": ["127.0.0.1"]}, {}),
        ("two hosts", {**OWN, "host": [HOST, HOST]}, {}),
        ("no host", {"cookie": ["good"]}, {}),
        ("rebinding at open", {"host": ["rebind.test:7000"]}, {"path": "/open"}),
        ("other port posts", {**OWN, "origin": ["http://127.0.0.1:7001"]}, {"method": "POST"}),
        ("other port websocket", {**OWN, "origin": ["http://127.0.0.1:7001"]}, {"websocket": True}),
        ("other site posts", {**OWN, "origin": ["https://evil.test"]}, {"method": "POST"}),
        ("other site websocket", {**OWN, "origin": ["https://evil.test"]}, {"websocket": True}),
        ("sandboxed page", {**OWN, "origin": ["null"]}, {"websocket": True}),
        ("no origin posts", OWN, {"method": "POST"}),
        ("no origin websocket", OWN, {"websocket": True}),
        ("two origins", {**OWN, "origin": [f"http://{HOST}"] * 2}, {"method": "POST"}),
        ("https of ours", {**OWN, "origin": [f"https://{HOST}"]}, {"method": "POST"}),
        ("foreign origin reads", {**OWN, "origin": ["https://evil.test"]}, {}),
        ("link from elsewhere", {**OWN, "sec-fetch-site": ["cross-site"]}, {}),
        ("image tag on other port", {**OWN, "sec-fetch-site": ["same-site"]}, {}),
        ("no cookie", {"host": [HOST]}, {}),
        ("wrong cookie", {"host": [HOST], "cookie": ["bad"]}, {}),
        ("two cookie headers", {"host": [HOST], "cookie": ["good", "bad"]}, {}),
        (
            "no cookie websocket",
            {"host": [HOST], "origin": [f"http://{HOST}"]},
            {"websocket": True},
        ),
        ("websocket at open", {"host": [HOST], "origin": [f"http://{HOST}"]},
         {"websocket": True, "path": "/open"}),
        ("preflight", OWN_ORIGIN, {"method": "OPTIONS"}),
        ("delete", OWN_ORIGIN, {"method": "DELETE"}),
        ("http/2", OWN, {"http_version": "2"}),
        ("http/1.0", OWN, {"http_version": "1.0"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_an_attacker_is_denied(
    attack: str, headers: dict[str, list[str]], how: dict[str, object]
) -> None:
    """Each row is one way in that a browser or a local process has, and each is shut."""
    assert not passes(headers, **how), attack  # type: ignore[arg-type] # the table's rows vary


ANY_HEADERS = st.dictionaries(
    st.sampled_from(["host", "origin", "cookie", "sec-fetch-site"]),
    st.lists(
        st.sampled_from(
            [HOST, f"http://{HOST}", "good", "none", "same-origin", "null", "127.0.0.1", ""]
        ),
        max_size=2,
    ),
)


@given(
    headers=ANY_HEADERS,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS"]),
    path=st.sampled_from(["/", "/open", "/socket", "/upload"]),
    websocket=st.booleans(),
)
def test_nobody_passes_without_host_origin_and_cookie(
    headers: dict[str, list[str]], method: str, path: str, *, websocket: bool
) -> None:
    """Whatever else a visit carries, these are never missing from one that passes."""
    if passes(headers, method=method, path=path, websocket=websocket):
        assert headers["host"] == [HOST]
        if websocket or method == "POST":
            assert headers["origin"] == [f"http://{HOST}"]
        if websocket or path != "/open":
            assert headers["cookie"] == ["good"]


def counting_gate() -> Gate:
    count = iter(range(1_000_000))
    return Gate(port=7000, entropy=lambda size: next(count).to_bytes(size, "big"), now=lambda: 0.0)


def test_tokens_are_bounded_and_the_oldest_go_first() -> None:
    """A door that is opened for ever does not grow."""
    gate = counting_gate()

    launches = [gate.mint_launch() for _ in range(LAUNCHES_MAX + 1)]
    assert gate.redeem(launches[0]) is None
    assert gate.redeem(launches[1]) is not None

    sessions = []
    for _ in range(SESSIONS_MAX + 1):
        session = gate.redeem(gate.mint_launch())
        assert session is not None
        sessions.append(session)
    assert not gate.knows_session(f"backpack-7000={sessions[0]}")
    assert gate.knows_session(f"other=1; backpack-7000={sessions[-1]}")


@given(cookie=st.text())
def test_any_cookie_text_is_only_unknown(cookie: str) -> None:
    """Odd cookies of other programs on this host never break the door."""
    assert not counting_gate().knows_session(cookie)


def test_a_gate_shows_no_token() -> None:
    """Printing it tells where it stands and nothing else."""
    gate = counting_gate()
    gate.mint_launch()

    assert repr(gate) == "Gate(127.0.0.1:7000)"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "main.js").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        {"Host": "rebind.test"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://evil.test"},
        {"Cookie": ""},
        {"Cookie": "backpack-1=0"},
    ],
)
def test_a_foreign_websocket_is_not_let_in(files: Path, change: dict[str, str]) -> None:
    """Over a real socket: the handshake is answered with 403."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor:
            await visitor.open()
            async with visitor.websocket({**visitor.own_headers(), **change}) as socket:
                assert socket.status == 403
            assert program.pages == []

    run_real(story)


@pytest.mark.parametrize(
    "first",
    [
        '{"type": "hello", "token": "guess"}',
        '{"type": "command", "id": 1, "name": "add", "args": {"amount_fen": 1}}',
        '{"type": "hello"}',
        "not json",
        "[" * 5000,
        '{"type": "hello", "token": "\\ud800"}',
    ],
)
def test_a_websocket_without_the_page_token_is_closed(files: Path, first: str) -> None:
    """Another port's page has the cookie too, but cannot read our document."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor:
            await visitor.open()
            async with visitor.websocket() as socket:
                await socket.say_text(first)

                assert await socket.hear() == {"closed": 4403}
            assert program.pages == []

    run_real(story)


@pytest.mark.parametrize("then", ['{"type": "hello", "token": "x"}', "nonsense", "[" * 9000])
def test_a_page_that_talks_nonsense_is_closed(files: Path, then: str) -> None:
    """The program never sees it."""

    async def story() -> None:
        async with open_door(Bookkeeper(), files) as visitor, visitor.page() as page:
            await page.hear()
            await page.say_text(then)

            assert await page.hear() == {"closed": 4400}

    run_real(story)


def test_no_more_pages_than_the_program_can_serve(files: Path) -> None:
    """A further page is turned away; a place that becomes free can be taken."""

    async def story() -> None:
        program = Bookkeeper()
        async with open_door(program, files) as visitor:
            async with visitor.page() as first:
                await first.hear()
                async with AsyncExitStack() as others:
                    for _ in range(PAGES_MAX - 1):
                        page = await others.enter_async_context(visitor.websocket())
                        await page.say({"type": "hello", "token": visitor.page_token})
                        await page.hear()
                    late = await others.enter_async_context(visitor.websocket())

                    assert await late.hear() == {"closed": 4429}
            async with visitor.page() as again:
                assert (await again.hear())["type"] == "state"

    run_real(story)
