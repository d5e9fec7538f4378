"""How actors run: cells, mailboxes, the dispatcher, and the trio loop that hosts them.

What actors are, and what others hold of them, stands in `actors` itself. Here stands how a turn is
run (`dispatcher`, `reactive`), how a body with a task of its own is (`process_cell`, `trio_host`),
and the system that knows every part (`system`). Nothing here knows storage.
"""

from __future__ import annotations

from actors.runtime.system import System
from actors.runtime.trio_host import open_system, run_process

__all__ = [
    "System",
    "open_system",
    "run_process",
]
