"""The supervision layer: specifications, strategies, the tree, and looking into it.

Start reading at `supervisors.child_spec` (what a tree consists of) and `supervisors.restart` (the
rules), then `supervisors.supervisor` (how they are carried out) and `supervisors.snapshot`.
"""

from __future__ import annotations

from supervisors.child_spec import (
    AnySpec,
    ChildSpec,
    Intensity,
    PoolSpec,
    Restart,
    Strategy,
    SupervisorSpec,
)
from supervisors.errors import (
    BadNumber,
    BadSpec,
    DuplicateId,
    NoSuchChild,
    NotRunning,
    StartTimeout,
    SupervisionError,
    SupervisorFailed,
    TooManyChildren,
    Wedged,
)
from supervisors.pool import Pool
from supervisors.snapshot import Node, State, snapshot
from supervisors.supervisor import Supervisor
from supervisors.tree import Tree, open_tree

__all__ = [
    "Restart",
    "Strategy",
    "Intensity",
    "ChildSpec",
    "PoolSpec",
    "SupervisorSpec",
    "AnySpec",
    "open_tree",
    "Tree",
    "Supervisor",
    "Pool",
    "snapshot",
    "Node",
    "State",
    "SupervisionError",
    "BadSpec",
    "BadNumber",
    "DuplicateId",
    "StartTimeout",
    "NoSuchChild",
    "NotRunning",
    "TooManyChildren",
    "Wedged",
    "SupervisorFailed",
]
