"""The two loopback doors that every client program has: its page, and its inspector."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Final

from supervisors.inspector import serve_inspector
from supervisors.operator import with_key
from wire.page import PageProgram, serve_page
from wire.socket import WebSocketListener

if TYPE_CHECKING:
    from pathlib import Path

    import trio

    from actors.ports import Outside
    from supervisors.tree import Tree
    from wire.keys import DeviceKeys

LAUNCH_FILE: Final = "page-address.txt"
"""In the program's folder, for its user's eyes only: an address that opens the page."""

LAUNCH_LIFE_S: Final = 24 * 3600.0
"""How long a printed page address can be used to open the page, in seconds."""

LOOPBACK: Final = "127.0.0.1"


async def open_doors(
    nursery: trio.Nursery,
    *,
    page: PageProgram,
    port: int,
    folder: Path,
    tree: Tree | None,
    keys: DeviceKeys,
    operators: Collection[bytes],
    outside: Outside,
) -> tuple[str, str]:
    """Serve both until the nursery ends; the address of the page and of the inspector.

    Args:
        nursery: where they are served.
        page: what the page shows and takes.
        port: of the page; 0 for any.
        folder: the program's own.
        tree: what operators may look at; the program is started.
        keys: the program's identity.
        operators: the Noise keys that may look, 32 bytes each.
        outside: the program's world.
    """
    assert tree is not None, "the doors are opened after the tree has started"
    door = await nursery.start(
        partial(
            serve_page,
            page,
            entropy=outside.entropy,
            launch_file=folder / LAUNCH_FILE,
            launch_life_s=LAUNCH_LIFE_S,
            port=port,
        )
    )
    inspect = await nursery.start(
        partial(
            serve_inspector,
            tree,
            WebSocketListener(LOOPBACK, 0),
            keys,
            operators,
            entropy=outside.entropy,
            now_ms=outside.wall.now_ms,
        )
    )
    return door.launch_address(), with_key(inspect, keys.noise.public)


__all__ = ["LAUNCH_FILE", "LAUNCH_LIFE_S", "open_doors"]
