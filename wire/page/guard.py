"""Decides who may talk to a page on the loopback: our own page in one browser, and nobody else.

The loopback is open to every process of every user and to every web site in the same browser, and
a cookie does not keep them apart: "site" does not include the port, and a websocket handshake has
no `Sec-Fetch-Site`. So each of these has to hold:

* `Host` is exactly ours (DNS rebinding brings another name);
* `Origin` is exactly ours on everything but GET and HEAD, and on every websocket (another site or
  another port);
* `Sec-Fetch-Site`, where a browser sends it, is `same-origin` or `none`;
* the session cookie, bought with a launch token that works once and not for long, and named with
  the port because cookies are shared across ports;
* the page token, which only our own document can read, in a websocket's first message.

It deliberately does not decide who the person is: what moves money also needs the teller's or the
authorizer's own secret on the wire behind the page. `judge` is pure; `Gate` holds the tokens;
`Guard` is the thin ASGI shell around both.

Source: Jupyter server's check_host, check_origin and launch token; CSP Level 3.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LAUNCH_LIFE_S = 60
"""How long a launch token can be used, in seconds, unless the program says otherwise."""
LAUNCHES_MAX = 8
"""Launch tokens outstanding at a time; a further one replaces the oldest."""
SESSIONS_MAX = 16
"""Browser sessions at a time; a further one ends the oldest."""
PAGE_TOKENS_MAX = 64
"""Documents that may open their websocket; a further one outdates the oldest."""
TOKEN_BYTES = 24
OPEN_PATH = "/open"

_READING = ("GET", "HEAD")
_METHODS = (*_READING, "POST")


@dataclass(frozen=True)
class Visit:
    """What the rules look at: one request or websocket handshake, before anything runs.

    Attributes:
        websocket: True for a websocket handshake.
        http_version: as ASGI gives it, "1.1" and the like.
        method: the HTTP method; empty for a websocket.
        path: decoded path.
        headers: lower-case name to all its values.
    """

    websocket: bool
    http_version: str
    method: str
    path: str
    headers: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Denial:
    """Why a visitor is sent away: an HTTP status and a sentence for the person who may see it."""

    status: int
    reason: str


STRANGER = Denial(403, "拒绝访问: 此页面只供本机程序自己的窗口使用。 Not for this visitor.")
NOT_OPENED = Denial(
    403,
    "此窗口尚未登记或链接已失效: 请用程序给出的新地址打开 (每个地址只能用一次)。"
    " Open the address that the program prints; each one works once.",
)
BAD_METHOD = Denial(405, "不支持的请求方法。 Method not allowed.")
BAD_VERSION = Denial(403, "只支持 HTTP/1.1。 HTTP/1.1 only.")


def judge(visit: Visit, *, host: str, knows_session: Callable[[str], bool]) -> Denial | None:
    """Apply every rule to a visit; None means that it may pass.

    Args:
        visit: what came in.
        host: our own `127.0.0.1:port`.
        knows_session: whether a Cookie header's text carries a live session.
    """
    if visit.http_version != "1.1":
        return BAD_VERSION
    if list(visit.headers.get("host", ())) != [host]:
        return STRANGER
    if not visit.websocket and visit.method not in _METHODS:
        return BAD_METHOD
    origins = list(visit.headers.get("origin", ()))
    needs_origin = visit.websocket or visit.method not in _READING
    if (needs_origin or origins) and origins != [f"http://{host}"]:
        return STRANGER
    sites = list(visit.headers.get("sec-fetch-site", ()))
    if sites and sites not in (["same-origin"], ["none"]):
        return STRANGER
    if visit.path == OPEN_PATH and not visit.websocket:
        return None
    cookies = visit.headers.get("cookie", ())
    if len(cookies) != 1 or not knows_session(cookies[0]):
        return NOT_OPENED
    return None


class Gate:
    """The tokens of one page door, all in memory and all bounded.

    Args:
        port: the port we serve on; part of the cookie's name.
        entropy: unpredictable bytes.
        now: seconds of a clock that only rises.
        launch_life_s: how long a launch token can be used.
    """

    def __init__(
        self,
        *,
        port: int,
        entropy: Callable[[int], bytes],
        now: Callable[[], float],
        launch_life_s: float = LAUNCH_LIFE_S,
    ) -> None:
        self.host = f"127.0.0.1:{port}"
        self.cookie_name = f"backpack-{port}"
        self.launch_life_s = launch_life_s
        self._entropy = entropy
        self._now = now
        self._launches: OrderedDict[str, float] = OrderedDict()
        self._sessions: OrderedDict[str, None] = OrderedDict()
        self._pages: OrderedDict[str, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"Gate({self.host})"

    def mint_launch(self) -> str:
        """A token that opens one browser session, once, within `launch_life_s`."""
        token = self._fresh()
        self._launches[token] = self._now() + self.launch_life_s
        _keep_newest(self._launches, LAUNCHES_MAX)
        return token

    def redeem(self, launch: str) -> str | None:
        """Trade a launch token for a session; None when it is unknown, used or too old."""
        known = _known(self._launches, launch)
        if known is None or self._launches.pop(known) < self._now():
            return None
        session = self._fresh()
        self._sessions[session] = None
        _keep_newest(self._sessions, SESSIONS_MAX)
        return session

    def knows_session(self, cookie_header: str) -> bool:
        """Whether a Cookie header carries one of our live sessions."""
        try:
            morsel = SimpleCookie(cookie_header).get(self.cookie_name)
        except CookieError:
            return False
        return morsel is not None and _known(self._sessions, morsel.value) is not None

    def mint_page(self) -> str:
        """A token for one document, with which it may open its websocket as often as it must."""
        token = self._fresh()
        self._pages[token] = None
        _keep_newest(self._pages, PAGE_TOKENS_MAX)
        return token

    def knows_page(self, token: str) -> bool:
        """Whether a websocket's first message came from a document of ours."""
        return _known(self._pages, token) is not None

    def _fresh(self) -> str:
        return self._entropy(TOKEN_BYTES).hex()


def _keep_newest(tokens: OrderedDict[str, float] | OrderedDict[str, None], count_max: int) -> None:
    while len(tokens) > count_max:
        tokens.popitem(last=False)


def _known(tokens: Mapping[str, object], offered: str) -> str | None:
    """The stored token that equals `offered`, compared in time that does not tell how nearly."""
    found = None
    for token in tokens:
        if hmac.compare_digest(token.encode(), offered.encode("utf-8", "surrogatepass")):
            found = token
    return found


class Guard:
    """ASGI middleware: judges every visit first, and puts the safe headers on every response."""

    def __init__(self, app: ASGIApp, gate: Gate, *, import_map_hash: str) -> None:
        self._app = app
        self._gate = gate
        self._headers = _safe_headers(gate.host, import_map_hash)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the visit on, or answer it with the reason why not."""
        denial = judge(_visit(scope), host=self._gate.host, knows_session=self._gate.knows_session)
        if scope["type"] == "websocket":
            if denial is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message.get("headers", ()) if pair[0] not in self._headers]
                message = {**message, "headers": [*kept, *self._headers.items()]}
            await send(message)

        if denial is None:
            await self._app(scope, receive, send_safely)
        else:
            response = PlainTextResponse(denial.reason, denial.status)
            await response(scope, receive, send_safely)


def _visit(scope: Scope) -> Visit:
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return Visit(
        websocket=scope["type"] == "websocket",
        http_version=scope["http_version"],
        method=scope.get("method", ""),
        path=scope["path"],
        headers=headers,
    )


def _safe_headers(host: str, import_map_hash: str) -> dict[bytes, bytes]:
    policy = "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' '{import_map_hash}'",
            f"connect-src 'self' ws://{host}",
            "img-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
    return {
        b"content-security-policy": policy.encode(),
        b"cache-control": b"no-store",
        b"referrer-policy": b"no-referrer",
        b"x-content-type-options": b"nosniff",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"permissions-policy": b"camera=(self), microphone=(), geolocation=()",
    }


__all__ = ["LAUNCH_LIFE_S", "Denial", "Gate", "Guard", "Visit", "judge"]
