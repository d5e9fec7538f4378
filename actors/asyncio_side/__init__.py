"""The second loop: one asyncio thread as long as the process, for libraries that run nowhere else.

Processes live there as they do on trio (`hosted`), and refs work across (`bridge`). Nothing else in
the project touches asyncio.
"""

from __future__ import annotations

from actors.asyncio_side.host import AsyncioHost, open_asyncio_host

__all__ = [
    "AsyncioHost",
    "open_asyncio_host",
]
