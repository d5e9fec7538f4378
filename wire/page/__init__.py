"""The page door: a program's own page, on this machine's loopback, in one person's browser."""

from wire.page.app import Images, PageProgram
from wire.page.connection import PageConnection, PageRequest, PageSession
from wire.page.gate import FRAGMENT
from wire.page.pages import Pages
from wire.page.server import PageDoor, serve_page

__all__ = [
    "PageProgram",
    "PageSession",
    "Pages",
    "PageConnection",
    "PageRequest",
    "Images",
    "FRAGMENT",
    "PageDoor",
    "serve_page",
]
