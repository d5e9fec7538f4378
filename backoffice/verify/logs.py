"""The logs of all shards: that all tables follow from them, and that a kept head is in them.

Every row of every table is refolded and compared (`actors.store.refold`). Of the shards' heads one
root is made, and a *head token*: that root with the size of every log. Who keeps a token where the
office cannot write can have it checked at any later time: each log, cut at the size it had, must
still have the root it had. A bare root of 64 hex digits will do as well, if it is that of all logs
as they are now, or that of any one log at any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actors.store import Head
from actors.store.daily import daily_root
from actors.store.merkle import EMPTY_ROOT, Frontier
from actors.store.refold import Books, Wrong, refold
from actors.store.sqlite.scratch import open_scratch
from backoffice.verify.findings import Fault, Findings

ROOT_BYTES: Final = 32

_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_Sizes = dict[str, int]


class BadHead(Exception):
    """What was given is no head that a verifier ever printed."""


class KeptHead(msgspec.Struct, frozen=True):
    """A head that somebody kept.

    Attributes:
        root: 32 bytes.
        sizes: how many entries each shard's log had; None for a bare root.
    """

    root: bytes
    sizes: Mapping[str, int] | None = None

    @classmethod
    def read(cls, text: str) -> KeptHead:
        """A head as it was printed, in hexadecimal digits of either case.

        Raises:
            BadHead: it is none.
        """
        try:
            token = bytes.fromhex(text) if text.isalnum() else b""
            if len(token) == ROOT_BYTES:
                return cls(token)
            root, sizes = msgspec.msgpack.decode(token, type=tuple[bytes, _Sizes])
        except (ValueError, RecursionError):
            raise BadHead("this is no head of a log") from None
        if len(root) != ROOT_BYTES or any(size < 0 for size in sizes.values()):
            raise BadHead("this is no head of a log")
        return cls(root, sizes)


class Logs(msgspec.Struct, frozen=True):
    """How far the logs have come.

    Attributes:
        heads: of every shard, in the order of their names.
        since: how many entries have come since the kept head; None where none was kept, or the
            logs never had it.
    """

    heads: tuple[Head, ...]
    since: int | None

    @property
    def entries(self) -> int:
        """How many entries all logs have."""
        return sum(head.size for head in self.heads)

    @property
    def root(self) -> bytes:
        """The root that joins all heads."""
        return joined(self.heads)

    @property
    def token(self) -> str:
        """What somebody should keep, hexadecimal."""
        return _encode((self.root, {head.shard: head.size for head in self.heads})).hex()


def check_logs(books: Books, findings: Findings, kept: KeptHead | None = None) -> Logs:
    """Refold all that a store holds, and look for a kept head on the way."""
    witness = _Witness(kept)
    with open_scratch() as notes:
        heads = refold(
            books,
            notes,
            lambda wrong, where: findings.add(_FAULTS[wrong], where),
            witness.passed,
        )
    return Logs(tuple(heads), witness.since(heads, findings))


def joined(heads: Iterable[Head]) -> bytes:
    """The root that joins the heads of all shards."""
    return daily_root({head.shard: (head.size, head.root) for head in heads})


class _Witness:
    """Looks out for a kept head while logs are read from their first entries on."""

    def __init__(self, kept: KeptHead | None) -> None:
        self._kept = kept
        self._there: dict[str, Head] = {}

    def passed(self, shard: str, frontier: Frontier) -> None:
        """A log has so many entries now."""
        kept = self._kept
        if kept is None:
            return
        if kept.sizes is None:
            if frontier.root() == kept.root:
                self._there[shard] = Head(shard, frontier.size, kept.root)
        elif kept.sizes.get(shard) == frontier.size:
            self._there[shard] = Head(shard, frontier.size, frontier.root())

    def since(self, heads: list[Head], findings: Findings) -> int | None:
        """How many entries have come since; None, and a finding, where the head is lost."""
        kept = self._kept
        if kept is None:
            return None
        if kept.sizes is None:
            return self._since_bare(kept.root, heads, findings)
        now = {head.shard: head.size for head in heads}
        short = [
            (f"log/{shard}", f"{now.get(shard, 0)} < {size}")
            for shard, size in sorted(kept.sizes.items())
            if now.get(shard, 0) < size
        ]
        empty = [Head(shard, 0, EMPTY_ROOT) for shard, size in kept.sizes.items() if not size]
        if not short and joined([*self._there.values(), *empty]) != kept.root:
            short = [("log", kept.root.hex())]
        for where, detail in short:
            findings.add(Fault.HEAD_LOST, where, detail)
        return None if short else sum(now.values()) - sum(kept.sizes.values())

    def _since_bare(self, root: bytes, heads: list[Head], findings: Findings) -> int | None:
        if root == joined(heads):
            return 0
        for head in heads:
            there = self._there.get(head.shard)
            if there is not None:
                return head.size - there.size
        findings.add(Fault.HEAD_LOST, "log", root.hex())
        return None


_FAULTS: Final = {wrong: Fault(wrong.value) for wrong in Wrong}

__all__ = ["BadHead", "KeptHead", "Logs", "check_logs", "joined"]
