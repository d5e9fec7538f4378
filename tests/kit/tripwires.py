"""Alarms on the outside world: within the block, whoever touches it unasked is caught in the act.

A simulation is only as deterministic as its rules are pure. This replaces the functions through
which time, chance, threads and sockets come in by ones that raise `OutsideTouched`, with the stack
that leads to the culprit. It deliberately leaves alone what trio itself needs to run, and modules
that have taken a reference to a function before (`from time import time`): the tidy test forbids
those by reading the source.
"""

from __future__ import annotations

import os
import random
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NoReturn
from unittest import mock

import nacl.utils
import trio

_CHANCE = (
    "betavariate", "choice", "choices", "expovariate", "gauss", "getrandbits", "lognormvariate",
    "normalvariate", "randbytes", "randint", "random", "randrange", "sample", "seed", "shuffle",
    "triangular", "uniform",
)  # fmt: skip

WIRES: tuple[tuple[object, str], ...] = (
    (time, "time"),
    (time, "time_ns"),
    (time, "sleep"),
    (time, "monotonic_ns"),
    (os, "urandom"),
    (os, "getrandom"),
    (uuid, "uuid1"),
    (uuid, "uuid4"),
    (secrets, "token_bytes"),
    (secrets, "token_hex"),
    (secrets, "randbelow"),
    *((random, name) for name in _CHANCE),
    (threading.Thread, "start"),
    (trio.to_thread, "run_sync"),
    (trio, "open_tcp_stream"),
    (trio, "open_tcp_listeners"),
    (trio, "serve_tcp"),
    (trio, "run_process"),
    (trio.lowlevel, "open_process"),
    (nacl.utils, "random"),
)
"""Every function that is wired, as (owner, name)."""


class OutsideTouched(AssertionError):
    """Code under simulation touched the outside world directly."""


@contextmanager
def tripwires() -> Iterator[None]:
    """Raise `OutsideTouched` from every function of `WIRES` that exists on this system."""
    with ExitStack() as wires:
        for owner, name in WIRES:
            if hasattr(owner, name):
                wires.enter_context(mock.patch.object(owner, name, _alarm(owner, name)))
        yield


def _alarm(owner: object, name: str) -> Callable[..., NoReturn]:
    def alarm(*_args: object, **_kwargs: object) -> NoReturn:
        raise OutsideTouched(f"{getattr(owner, '__name__', owner)}.{name}")

    return alarm


__all__ = ["WIRES", "OutsideTouched", "tripwires"]
