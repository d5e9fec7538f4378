"""The streams of identity checks, and the submissions that name them: nobody was waved through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.durable.tagged import Tagged
from actors.store import Recorded, StoreError
from backoffice.partners.identity_check import IdentityRecorded
from backoffice.verify.findings import Fault, Findings, place
from wire.messages.identity import IdentityChecked

IDENTITIES: Final = "identity/"
"""How the streams of identity checks begin."""


class Named(msgspec.Struct, frozen=True):
    """What a submission says of the identity check behind it.

    Attributes:
        where: the submission's place.
        person: the digest of who was on the ID card.
        answer: the register's, as the office noted it.
    """

    where: str
    person: bytes
    answer: IdentityChecked


class IdentityBook:
    """Checks that the register was really asked about everybody whom a submission names.

    Args:
        named: what the cases say; whatever is found is taken out of it.
    """

    def __init__(self, named: dict[str, list[Named]], findings: Findings) -> None:
        self._named = named
        self._findings = findings
        self._reader = Tagged(IdentityRecorded)

    def take(self, stream: str, rows: Iterable[Recorded]) -> None:
        """All answers for one case."""
        kept = []
        for row in rows:
            where = place(stream, row.version)
            try:
                record = self._reader.decode(row.kind, row.body, where)
            except StoreError:
                self._findings.add(Fault.UNREADABLE, where, row.kind)
                continue
            kept.append((record.person, record.answer))
        for named in self._named.pop(stream.removeprefix(IDENTITIES), []):
            if (named.person, named.answer) not in kept:
                self._findings.add(Fault.IDENTITY_DIFFERS, named.where)

    def close(self) -> None:
        """There are no more streams: nobody was asked about those that are left."""
        for key in sorted(self._named):
            for named in self._named[key]:
                self._findings.add(Fault.IDENTITY_DIFFERS, named.where)


__all__ = ["IDENTITIES", "IdentityBook", "Named"]
