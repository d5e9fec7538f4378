"""A page's own browser, and everybody else on its machine: neighbours get nothing, its user all.

What is tried here is tried in Chromium: other ports of the same host and other names of this
machine, other people with a link, other tabs. `tests/wire/test_page_guard.py` has the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.kit import (
    NEEDS_CHROMIUM,
    SMALL,
    chromium,
    clipped_texts,
    faint_texts,
    overflow,
    sign_in,
    small_targets,
)
from tests.browser.neighbours import Neighbour, dripping
from tests.kit import page_states as states
from tests.kit.page_pictures import digest_of
from tests.kit.page_stand import DEVICE, Stand, open_stand
from wire.door_file import LINK_LIFE_S
from wire.page import FRAGMENT
from wire.page.places import HOLDERS_MAX, STRANGERS_MAX

pytestmark = NEEDS_CHROMIUM

HOST = f"{DEVICE.lower()}.localhost"
REBINDING = "--host-resolver-rules=MAP rebind.test 127.0.0.1"
DRIPPING = 3 * (STRANGERS_MAX + HOLDERS_MAX)
KEPT = "sessionStorage.getItem('backpack-session')"

ATTACK = """async ({ target, digest }) => {
  const result = {};
  const settle = async (name, work) => {
    try {
      result[name] = `got ${await work()}`;
    } catch {
      result[name] = "nothing";
    }
  };
  const status = async (path, init) => (await fetch(`${target}${path}`, init)).status;
  const open = { method: "POST", credentials: "include", mode: "no-cors", body: "x" };
  const token = { headers: { Authorization: "Bearer guess" } };
  await settle("reads the document", () => status("/"));
  await settle("reads a script", () => status("/app/main.js"));
  await settle("imports a script", () => import(`${target}/app/main.js`));
  await settle("takes in the document", () => status("/", { ...open, method: "GET", body: null }));
  await settle("asks with a token", () => status(`/image/${digest}`, token));
  await settle("uploads", () => status("/upload", open));
  await settle("asks for a link", () => status("/link", { method: "POST" }));
  await settle("trades", () => status("/session", { method: "POST", ...token }));
  await settle("opens the socket", () => new Promise((done, failed) => {
    const socket = new WebSocket(`${target.replace("http", "ws")}/socket`);
    socket.onopen = () => done("open");
    socket.onerror = failed;
  }));
  await settle("shows an image", () => new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done("image");
    image.onerror = failed;
    image.src = `${target}/image/${digest}`;
  }));
  await settle("frames it", () => new Promise((done, failed) => {
    const frame = document.createElement("iframe");
    frame.name = "victim";
    frame.onload = () => setTimeout(() => {
      try {
        done(frame.contentWindow.document.body.textContent);
      } catch {
        failed();
      }
    });
    frame.src = `${target}/`;
    document.body.append(frame);
  }));
  await settle("holds its window", async () => {
    const opened = window.open(`${target}/`);
    await new Promise((done) => setTimeout(done, 500));
    return opened.sessionStorage.length;
  });
  result.kept = [document.cookie, sessionStorage.length, localStorage.length];
  return result;
}"""

WAYS = (
    "reads the document", "reads a script", "imports a script", "takes in the document",
    "asks with a token", "uploads", "asks for a link", "trades", "opens the socket",
    "shows an image", "frames it", "holds its window",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium(REBINDING) as opened:
        yield opened


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(locale="zh-CN")
    yield opened
    opened.close()


def at_work(context: BrowserContext, stand: Stand, address: str) -> Page:
    """The user's own window, signed in, with a customer's case and photo on it."""
    page = context.new_page()
    page.goto(address)
    sign_in(page)
    expect(page.locator(".bench")).to_be_visible()
    stand.show(states.teller("photos"))
    expect(page.locator(".photo img").first).to_have_attribute("src", re.compile("^blob:"))
    return page


def still_at_work(page: Page, stand: Stand) -> None:
    """The user's window shows what the agent says, as if nothing had been."""
    stand.show(states.teller("sign"))
    expect(page.locator(".signature")).to_be_visible()


def turned_away(page: Page, heading: str) -> None:
    """The window says in words how to get in, and shows nothing of anybody."""
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text("backpack open --data")).to_be_visible()
    expect(page.get_by_text("已在其他窗口打开的页面照常工作", exact=False)).to_be_visible()
    assert "530" not in page.locator("body").inner_text()
    assert page.evaluate(KEPT) is None


@pytest.mark.parametrize("name", [HOST, "localhost", "127.0.0.1", "other.localhost"])
def test_a_neighbour_gets_nothing(context: BrowserContext, name: str) -> None:
    """A hostile page of this machine, in the very browser in which the user works."""
    with open_stand("teller") as stand, Neighbour().serving() as neighbour:
        page = at_work(context, stand, stand.address())
        asked = len(stand.commands)
        hostile = context.new_page()
        hostile.goto(f"http://{name}:{neighbour.port}/")
        target = page.url.removesuffix("/")

        found = hostile.evaluate(
            ATTACK, {"target": target, "digest": digest_of(next(iter(states.PHOTOS)))}
        )

        assert found.pop("kept") == ["planted=1", 0, 0]
        assert found == dict.fromkeys(WAYS, "nothing")
        framed = hostile.frame("victim")
        assert framed is None or not framed.url.startswith(target)
        assert stand.uploads == []
        assert len(stand.commands) == asked
        still_at_work(page, stand)
        page.reload()
        expect(page.locator(".signature")).to_be_visible()
        page.goto(f"http://{name}:{neighbour.port}/visited")
        for headers in neighbour.visits:
            assert "Authorization" not in headers
            assert not headers.get("Referer", "").startswith(target)


def test_our_own_page_gets_what_the_neighbours_do_not(context: BrowserContext) -> None:
    """The same tries from the page's own origin succeed, so what fails elsewhere fails for that."""
    with open_stand("teller") as stand:
        page = context.new_page()
        page.goto(stand.address())
        expect(page.get_by_label("员工号")).to_be_visible()
        target, digest = page.url.removesuffix("/"), digest_of(next(iter(states.PHOTOS)))

        found = page.evaluate(ATTACK, {"target": target, "digest": digest})

        got = {name for name, result in found.items() if name in WAYS and result != "nothing"}
        assert {"reads the document", "reads a script", "opens the socket"} <= got
        assert found["asks with a token"] == found["trades"] == "got 403"
        assert {"shows an image", "frames it"} & got == set()
        token = page.evaluate(KEPT)
        own = page.evaluate(
            """async ([digest, token]) => (await fetch(`/image/${digest}`,
            { headers: { Authorization: `Bearer ${token}` } })).status""",
            [digest, token],
        )
        assert own == 200


def test_another_name_for_this_machine_gets_nothing(context: BrowserContext) -> None:
    """DNS rebinding: a foreign name that leads here is refused, the shell included."""
    with open_stand("teller") as stand:
        page = context.new_page()
        for name in ("rebind.test", "localhost", "127.0.0.1", "d-0001.localhost"):
            answer = page.goto(stand.address().replace(HOST, name))

            assert answer is not None
            assert answer.status == 403
            expect(page.get_by_text("拒绝访问", exact=False)).to_be_visible()


def test_a_link_lets_one_browser_in(browser: Browser, context: BrowserContext) -> None:
    """Somebody who saw it, in a list of processes for instance, comes too late."""
    with open_stand("teller") as stand:
        link = stand.address()
        page = at_work(context, stand, link)
        late = browser.new_context(locale="zh-CN").new_page()
        late.goto(link)
        turned_away(late, "此链接已用过或已过期")

        unused = stand.address()
        stand.pass_by(LINK_LIFE_S + 1)
        late.goto(unused)
        turned_away(late, "此链接已用过或已过期")
        late.reload()
        turned_away(late, "此窗口尚未打开")
        late.goto(stand.address())
        expect(late.locator(".bench")).to_be_visible()
        late.context.close()
        still_at_work(page, stand)


def test_the_token_is_nowhere_but_in_its_window(context: BrowserContext) -> None:
    """The fragment is gone at once; no address, referrer, title or storage tells of it."""
    addresses: list[str] = []
    with open_stand("teller") as stand:
        context.on("request", lambda one: addresses.append(f"{one.url} {one.headers}"))
        context.on("request", lambda one: addresses.append(str(one.headers.get("referer"))))
        link = stand.address()
        page = at_work(context, stand, link)

        assert page.url == link.partition("#")[0]
        assert page.evaluate("history.length") <= 2
        session = page.evaluate(KEPT)
        secrets = (link.partition(FRAGMENT)[2], session)
        traded = [one for one in addresses if secrets[0] in one]
        assert ["/session" in one for one in traded] == [True]
        for one in addresses:
            where, _, headers = one.partition(" ")
            assert not [secret for secret in secrets if secret in where]
            assert "cookie" not in headers
        assert page.evaluate("document.cookie") == ""
        assert session not in str(page.evaluate("Object.entries(localStorage)"))
        assert secrets[0] not in str(page.evaluate("Object.entries(sessionStorage)"))
        assert context.cookies() == []
        page.goto("about:blank")
        page.go_back()
        expect(page.locator(".bench")).to_be_visible()
        assert page.url == link.partition("#")[0]


def test_the_printed_link_of_a_demo_works_whenever_it_is_clicked(
    browser: Browser, context: BrowserContext
) -> None:
    """At first, a second time, from another page, in the same window, in another browser, later."""
    with open_stand("teller", lasting_link=True) as stand:
        page = at_work(context, stand, stand.printed)
        again = context.new_page()
        again.goto(stand.printed)
        expect(again.locator(".bench")).to_be_visible()
        stand.pass_by(100 * LINK_LIFE_S)

        again.evaluate("(link) => { location.href = link; }", stand.printed)
        expect(again).to_have_url(stand.printed.partition("#")[0])
        expect(again.locator(".bench")).to_be_visible()
        elsewhere = browser.new_context(locale="zh-CN").new_page()
        elsewhere.goto("data:text/html,<a>printed</a>")
        elsewhere.evaluate("(to) => { document.querySelector('a').href = to; }", stand.printed)
        elsewhere.get_by_text("printed").click()
        expect(elsewhere.locator(".bench")).to_be_visible()
        elsewhere.context.close()
        still_at_work(page, stand)


def test_reloading_stays_in_and_another_tab_is_told_how_to_get_in(context: BrowserContext) -> None:
    """A new link opens the tab that was turned away, without a reload; the first goes on."""
    with open_stand("teller") as stand:
        page = at_work(context, stand, stand.address())
        page.reload()
        expect(page.locator(".bench")).to_be_visible()
        second = context.new_page()
        second.goto(page.url)
        turned_away(second, "此窗口尚未打开")
        second.get_by_role("button", name="English").click()
        expect(second.get_by_role("heading", name="This window is not let in yet")).to_be_visible()

        second.evaluate("(link) => { location.href = link; }", stand.address())

        expect(second.locator(".bench")).to_be_visible()
        still_at_work(page, stand)


def test_a_neighbour_cannot_bury_the_page_in_cookies(context: BrowserContext) -> None:
    """Planted from another port, sent to us from then on, and no reason to turn the user away."""
    with open_stand("teller") as stand, Neighbour().serving() as neighbour:
        hostile = context.new_page()
        hostile.goto(f"http://{HOST}:{neighbour.port}/")
        hostile.evaluate(
            """() => { for (let at = 0; at < 30; at += 1) {
            document.cookie = `c${at}=${"x".repeat(4000)};max-age=99999`; } }"""
        )
        hostile.wait_for_function("document.cookie.split(';').length > 30")
        hostile.reload()
        assert len(context.cookies()) > 30

        page = at_work(context, stand, stand.address())

        page.reload()
        still_at_work(page, stand)


@pytest.mark.parametrize("which", ["teller", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_a_window_at_the_doorstep_says_can_be_read(
    browser: Browser, which: str, scheme: Literal["light", "dark"]
) -> None:
    """By a teller in the sun, on a small tablet, in both languages."""
    with open_stand(which) as stand:
        page = browser.new_context(
            locale="zh-CN", color_scheme=scheme, viewport={"width": SMALL[0], "height": SMALL[1]}
        ).new_page()
        page.goto(stand.address().partition("#")[0])
        turned_away(page, "此窗口尚未打开")
        for _ in range(2):
            assert (faint_texts(page), clipped_texts(page), overflow(page)) == ([], [], 0)
            assert which == "desk" or small_targets(page) == []
            page.get_by_role("button", name="English").or_(
                page.get_by_role("button", name="中文")
            ).click()
        page.context.close()


def test_who_signs_out_lets_every_other_window_go(context: BrowserContext) -> None:
    """The others show nothing more, for a copied token may be among them; this one goes on."""
    with open_stand("teller") as stand:
        page = at_work(context, stand, stand.address())
        other = context.new_page()
        other.goto(stand.address())
        expect(other.locator(".bench")).to_be_visible()
        before = page.evaluate(KEPT)

        page.get_by_role("button", name="退出登录").click()
        page.get_by_role("dialog").get_by_role("button", name="退出登录").click()

        expect(page.get_by_label("员工号")).to_be_visible()
        turned_away(other, "此窗口已关闭")
        assert page.evaluate(KEPT) not in (None, before)
        page.reload()
        sign_in(page)
        expect(page.locator(".bench")).to_be_visible()


def test_a_program_that_was_started_again_knows_no_old_window(context: BrowserContext) -> None:
    """On the same port: the window asks for a new link instead of trying for ever."""
    with open_stand("teller") as stand:
        page = at_work(context, stand, stand.address())
        port = int(page.url.rstrip("/").rpartition(":")[2])
    with open_stand("teller", port=port) as stand:
        turned_away(page, "此窗口已关闭")
        page.goto(stand.address())
        expect(page.get_by_label("员工号")).to_be_visible()


def test_neighbours_that_hold_connections_do_not_shut_the_user_out(context: BrowserContext) -> None:
    """Far more than there are places; the window that is open goes on, and another opens."""
    with open_stand("teller") as stand:
        page = at_work(context, stand, stand.address())
        port = int(page.url.rstrip("/").rpartition(":")[2])
        with dripping(port, DRIPPING):
            still_at_work(page, stand)
            page.reload()
            expect(page.locator(".signature")).to_be_visible()
            second = context.new_page()
            second.goto(stand.address())
            expect(second.locator(".signature")).to_be_visible()
