"""Who else is on the machine of a page: a web server on another port, and connections that drip."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PAGE = b"<!doctype html><title>neighbour</title><p>neighbour</p>"
HALF_A_REQUEST = b"GET / HTTP/1.1\r\nHost: "


class Neighbour:
    """A web server of somebody else's.

    Attributes:
        port: where it listens.
        visits: the headers of every request that browsers sent it.
    """

    def __init__(self) -> None:
        self.visits: list[Mapping[str, str]] = []
        visits = self.visits

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                visits.append(dict(self.headers))
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Set-Cookie", "planted=1")
                self.end_headers()
                self.wfile.write(PAGE)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, name="neighbour")

    @contextmanager
    def serving(self) -> Iterator[Neighbour]:
        """Serve until the block ends."""
        self._thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


@contextmanager
def dripping(port: int, count: int) -> Iterator[None]:
    """So many connections to a port that never finish their first request."""
    with ExitStack() as stack:
        for _ in range(count):
            line = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            line.sendall(HALF_A_REQUEST)
        yield


__all__ = ["Neighbour", "dripping"]
