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
from wire.page.guard import Visit, judge

HOST = "t-0001.localhost:7000"
OWN = {"host": [HOST], "authorization": ["Bearer good"]}
ORIGIN = {"host": [HOST], "origin": [f"http://{HOST}"]}
OWN_ORIGIN = {**OWN, **ORIGIN}
NEIGHBOUR = {**OWN, "origin": ["http://t-0001.localhost:7001"]}
OPENED_BY_LINK = {"sec-fetch-mode": ["navigate"], "sec-fetch-dest": ["document"]}
IMAGE = "/image/00"


def passes(
    headers: dict[str, list[str]],
    *,
    method: str = "GET",
    path: str = IMAGE,
    websocket: bool = False,
    http_version: str = "1.1",
) -> bool:
    visit = Visit(websocket, http_version, "" if websocket else method, path, headers)
    return judge(visit, host=HOST, lets_in=lambda token: token == "good") is None


def test_our_own_page_passes() -> None:
    """The shell is for everybody; the rest needs the token, writing and websockets our origin."""
    assert passes({"host": [HOST]}, path="/")
    assert passes({"host": [HOST]}, path="/shared/ui.js", method="HEAD")
    assert passes({"host": [HOST], "sec-fetch-site": ["none"]}, path="/app/main.js")
    assert passes(OWN)
    assert passes(OWN, method="HEAD")
    assert passes({**OWN, "sec-fetch-site": ["same-origin"]})
    assert passes(OWN_ORIGIN, method="POST", path="/upload")
    assert passes({**OWN_ORIGIN, "sec-fetch-site": ["same-origin"]}, method="POST")
    assert passes(ORIGIN, websocket=True, path="/socket")
    assert passes(ORIGIN, method="POST", path="/session")
    assert passes({"host": [HOST]}, method="POST", path="/link")
    assert passes({"host": [HOST], "sec-fetch-site": ["cross-site"], **OPENED_BY_LINK}, path="/")


@pytest.mark.parametrize(
    ("attack", "headers", "how"),
    [
        ("rebinding", {**OWN, "host": ["rebind.test:7000"]}, {}),
        ("rebinding at the shell", {**OWN, "host": ["rebind.test:7000"]}, {"path": "/"}),
        ("localhost is another name", {**OWN, "host": ["localhost:7000"]}, {}),
        ("the number is another name", {**OWN, "host": ["127.0.0.1:7000"]}, {"path": "/"}),
        ("another program's name", {**OWN, "host": ["d-0001.localhost:7000"]}, {"path": "/"}),
        ("a name below ours", {**OWN, "host": [f"x.{HOST}"]}, {}),
        ("no port", {**OWN, "host": ["t-0001.localhost"]}, {}),
        ("two hosts", {**OWN, "host": [HOST, HOST]}, {}),
        ("no host", {"authorization": ["Bearer good"]}, {}),
        ("rebinding for a session", {"host": ["rebind.test:7000"]},
         {"method": "POST", "path": "/session"}),
        ("rebinding for a link", {"host": ["rebind.test:7000"]},
         {"method": "POST", "path": "/link"}),
        ("a page asks for a link", ORIGIN, {"method": "POST", "path": "/link"}),
        ("other port posts", NEIGHBOUR, {"method": "POST"}),
        ("other port websocket", NEIGHBOUR, {"websocket": True, "path": "/socket"}),
        ("other port trades", NEIGHBOUR, {"method": "POST", "path": "/session"}),
        ("other port reads the shell", NEIGHBOUR, {"path": "/shared/ui.js"}),
        ("other site posts", {**OWN, "origin": ["https://evil.test"]}, {"method": "POST"}),
        ("other site websocket", {**OWN, "origin": ["https://evil.test"]},
         {"websocket": True, "path": "/socket"}),
        ("sandboxed page", {**OWN, "origin": ["null"]}, {"websocket": True, "path": "/socket"}),
        ("no origin posts", OWN, {"method": "POST"}),
        ("no origin trades", OWN, {"method": "POST", "path": "/session"}),
        ("no origin websocket", OWN, {"websocket": True, "path": "/socket"}),
        ("two origins", {**OWN, "origin": [f"http://{HOST}"] * 2}, {"method": "POST"}),
        ("https of ours", {**OWN, "origin": [f"https://{HOST}"]}, {"method": "POST"}),
        ("foreign origin reads", {**OWN, "origin": ["https://evil.test"]}, {}),
        ("script tag elsewhere", {**OWN, "sec-fetch-site": ["cross-site"]},
         {"path": "/app/main.js"}),
        ("image tag on other port", {**OWN, "sec-fetch-site": ["same-site"]}, {}),
        ("frame elsewhere",
         {"host": [HOST], "sec-fetch-site": ["cross-site"], "sec-fetch-mode": ["navigate"],
          "sec-fetch-dest": ["iframe"]}, {"path": "/"}),
        ("link elsewhere to an image",
         {**OWN, "sec-fetch-site": ["cross-site"], **OPENED_BY_LINK}, {}),
        ("form elsewhere", {**OWN_ORIGIN, "sec-fetch-site": ["cross-site"], **OPENED_BY_LINK},
         {"method": "POST", "path": "/"}),
        ("no token", {"host": [HOST]}, {}),
        ("wrong token", {"host": [HOST], "authorization": ["Bearer bad"]}, {}),
        ("another scheme", {"host": [HOST], "authorization": ["Basic good"]}, {}),
        ("two tokens", {"host": [HOST], "authorization": ["Bearer good", "Bearer bad"]}, {}),
        ("a token in a cookie", {"host": [HOST], "cookie": ["good"]}, {}),
        ("no token, unknown path", {"host": [HOST]}, {"path": "/nowhere"}),
        ("no token uploads", ORIGIN, {"method": "POST", "path": "/upload"}),
        ("posting to the shell without a token", ORIGIN, {"method": "POST", "path": "/"}),
        ("websocket at the document", OWN_ORIGIN, {"websocket": True, "path": "/"}),
        ("websocket for a link", ORIGIN, {"websocket": True, "path": "/link"}),
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
    st.sampled_from(["host", "origin", "authorization", "cookie", "sec-fetch-site"]),
    st.lists(
        st.sampled_from(
            [HOST, f"http://{HOST}", "Bearer good", "good", "none", "same-origin", "null", ""]
        ),
        max_size=2,
    ),
)


@given(
    headers=ANY_HEADERS,
    method=st.sampled_from(["GET", "HEAD", "POST", "PUT", "OPTIONS"]),
    path=st.sampled_from(["/", "/app/x.js", "/link", "/session", "/socket", "/upload", IMAGE]),
    websocket=st.booleans(),
)
def test_nobody_passes_without_host_origin_and_token(
    headers: dict[str, list[str]], method: str, path: str, *, websocket: bool
) -> None:
    """Whatever else a visit carries, these are never missing from one that passes."""
    if passes(headers, method=method, path=path, websocket=websocket):
        assert headers["host"] == [HOST]
        if websocket or (method == "POST" and path != "/link"):
            assert headers["origin"] == [f"http://{HOST}"]
        if not websocket and path in ("/upload", IMAGE):
            assert headers["authorization"] == ["Bearer good"]


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
        {"Origin": "http://t-0001.localhost:1"},
        {"Origin": "null"},
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
def test_a_websocket_without_a_token_is_closed(files: Path, first: str) -> None:
    """It may claim to be of our origin; it hears nothing before it has proven it."""

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
                        await page.say(visitor.hello())
                        await page.hear()
                    late = await others.enter_async_context(visitor.websocket())
                    await late.say(visitor.hello())

                    assert await late.hear() == {"closed": 4429}
            async with visitor.page() as again:
                assert (await again.hear())["type"] == "state"

    run_real(story)
