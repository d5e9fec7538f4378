"""Decides who may talk to a page on the loopback: our own page in one browser, and nobody else.

The loopback is open to every process of every user and to every web site in the same browser, and
what browsers call a site does not include the port. So nothing is kept where another port could
have it (no cookies), and each of these has to hold:

* `Host` is exactly ours (DNS rebinding brings another name);
* `Origin` is exactly ours on everything but GET and HEAD, and on every websocket (another site or
  another port);
* `Sec-Fetch-Site`, where a browser sends it, is `same-origin` or `none`; a link elsewhere may open
  the document itself, which shows nothing and cannot be framed;
* a session's token (wire.page.gate) in `Authorization` on everything but the shell, which is
  public: the document, scripts and styles are the same for everybody. A websocket's token is its
  first message, because a browser cannot send it before.

It deliberately does not decide who the person is: what moves money also needs the teller's or the
authorizer's own secret on the wire behind the page. `judge` is pure; `Guard` is the thin ASGI
shell around it.

Source: Jupyter server's check_host and check_origin; Fetch Metadata Request Headers; CSP Level 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wire.door_file import LINK_PATH
from wire.page.gate import Gate
from wire.page.places import Place

PLACE = "place"
"""Under which key of a connection's state its place stands."""

SESSION_PATH = "/session"
SOCKET_PATH = "/socket"
SHELL_PREFIXES = ("/shared/", "/app/")
"""Below these lies what is the same for everybody, and so is public like the document."""

_READING = ("GET", "HEAD")
_METHODS = (*_READING, "POST")
_BEARER = "Bearer "


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
NOT_LET_IN = Denial(
    403,
    "此窗口没有通行令牌: 请用 backpack open --data 数据目录 给出的链接打开。"
    " Not let in: open the link that `backpack open` prints.",
)
BAD_METHOD = Denial(405, "不支持的请求方法。 Method not allowed.")
BAD_VERSION = Denial(403, "只支持 HTTP/1.1。 HTTP/1.1 only.")


def judge(visit: Visit, *, host: str, lets_in: Callable[[str], bool]) -> Denial | None:
    """Apply every rule to a visit; None means that it may pass.

    Args:
        visit: what came in.
        host: our own `name:port`.
        lets_in: whether this is the token of a live session.
    """
    if visit.http_version != "1.1":
        return BAD_VERSION
    if list(visit.headers.get("host", ())) != [host]:
        return STRANGER
    if not visit.websocket and visit.method not in _METHODS:
        return BAD_METHOD
    reading = not visit.websocket and visit.method in _READING
    asks_for_link = visit.method == "POST" and visit.path == LINK_PATH
    origins = list(visit.headers.get("origin", ()))
    if origins != ([] if asks_for_link else [f"http://{host}"]) and (origins or not reading):
        return STRANGER
    sites = list(visit.headers.get("sec-fetch-site", ()))
    if sites and sites not in (["same-origin"], ["none"]) and not _opens_the_document(visit):
        return STRANGER
    if visit.websocket:
        return None if visit.path == SOCKET_PATH else STRANGER
    if reading and (visit.path == "/" or visit.path.startswith(SHELL_PREFIXES)):
        return None
    if asks_for_link or (visit.method == "POST" and visit.path == SESSION_PATH):
        return None  # what these two trade is no session's token
    return None if lets_in(bearer(visit.headers)) else NOT_LET_IN


def _opens_the_document(visit: Visit) -> bool:
    """Whether somebody followed a link, in a window of its own, to what shows nothing by itself."""
    return (
        (visit.method, visit.path) == ("GET", "/")
        and list(visit.headers.get("sec-fetch-mode", ())) == ["navigate"]
        and list(visit.headers.get("sec-fetch-dest", ())) == ["document"]
    )


def bearer(headers: Mapping[str, Sequence[str]]) -> str:
    """The one token in `Authorization` (RFC 6750 §2.1); empty without."""
    values = headers.get("authorization", ())
    if len(values) != 1 or not values[0].startswith(_BEARER):
        return ""
    return values[0].removeprefix(_BEARER)


class Guard:
    """ASGI middleware: judges every visit first, and puts the safe headers on every response."""

    def __init__(self, app: ASGIApp, gate: Gate, *, import_map_hash: str) -> None:
        self._app = app
        self._gate = gate
        self._headers = _safe_headers(gate.host, import_map_hash)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the visit on, or answer it with the reason why not."""
        place = place_of(scope)
        place.used()
        visit = _visit(scope)
        denial = judge(visit, host=self._gate.host, lets_in=self._lets_in)
        if scope["type"] == "websocket":
            if denial is None:
                await self._app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        if denial is None and self._lets_in(bearer(visit.headers)):
            place.proven()

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

    def _lets_in(self, token: str) -> bool:
        return self._gate.session(token) is not None


def place_of(scope: Scope) -> Place:
    """The place that the connection of a visit has; its server put it there."""
    place = scope["state"][PLACE]
    assert isinstance(place, Place)
    return place


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
            "default-src 'none'",
            f"script-src 'self' '{import_map_hash}'",
            "style-src 'self'",
            "img-src 'self' blob:",
            f"connect-src 'self' ws://{host}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )
    return {
        b"content-security-policy": policy.encode(),
        b"cache-control": b"no-store",
        b"referrer-policy": b"no-referrer",
        b"x-content-type-options": b"nosniff",
        b"x-frame-options": b"DENY",
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-resource-policy": b"same-origin",
        b"origin-agent-cluster": b"?1",
        b"permissions-policy": b"camera=(self), microphone=(), geolocation=()",
    }


__all__ = [
    "SESSION_PATH",
    "SOCKET_PATH",
    "Denial",
    "Guard",
    "Visit",
    "bearer",
    "judge",
    "place_of",
]
