"""Whether what a store holds is what its logs tell."""

from __future__ import annotations

from pathlib import Path

from actors.store import Head
from actors.store.entry import read_entry
from actors.store.memory import Disk
from actors.store.merkle import Frontier, leaf_hash
from actors.store.refold import refold
from actors.store.sqlite.file import open_readonly
from actors.store.sqlite.scratch import open_scratch


def read_books(path: Path) -> tuple[list[Head], list[str]]:
    """The heads of a database, computed from its entries, and what is wrong in it."""
    wrong: list[str] = []
    with open_readonly(path) as archive, open_scratch() as notes:
        heads = refold(archive, notes, lambda why, where: wrong.append(f"{why} {where}"))
    return heads, wrong


def what_is_wrong_on(disk: Disk) -> list[str]:
    """What differs between the events of a disk in memory and its logs, and between those and
    their heads.
    """
    wrong: list[str] = []
    told: list[tuple[str, int, str, int]] = []
    for shard, log in disk.logs.items():
        frontier = Frontier.of(0, ())
        for number, row in enumerate(log, 1):
            frontier, nodes = frontier.append(leaf_hash(row.entry))
            entry = read_entry(row.entry, f"{shard}#{number}")
            if (row.seq, entry.seq, entry.shard) != (number, number, shard):
                wrong.append(f"{shard}#{number} is not in its place")
            if row.nodes != b"".join(nodes):
                wrong.append(f"{shard}#{number} has other nodes")
            for stream, after, events in entry.appends:
                told += [(stream, after + n, shard, number) for n in range(1, len(events) + 1)]
        if disk.frontier(shard) != frontier:
            wrong.append(f"{shard} ends elsewhere")
    kept = [(row.stream, row.version, row.shard, row.seq) for row in disk.journal]
    if sorted(told) != sorted(kept):
        wrong.append("other events than the logs tell")
    return wrong


__all__ = ["read_books", "what_is_wrong_on"]
