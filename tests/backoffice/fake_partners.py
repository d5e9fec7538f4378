"""All the partners of a story as one small table that keeps the promises of their port."""

from __future__ import annotations

from dataclasses import dataclass, field

from backoffice.partners.port import (
    Abort,
    Commit,
    Inquire,
    PartnerOutcome,
    PartnerStatus,
    Prepare,
    Reverse,
)
from wire.message import Refusal


@dataclass
class FakeCore:
    """Keeps the promises of the port for every partner; `posted` is what a ledger would show.

    A leg is named by the end of its key; `""` is the only leg of a plan, and `"*"` any.
    """

    entries: dict[str, tuple[object, PartnerOutcome]] = field(default_factory=dict)
    decline: Refusal | None = None
    declines: dict[str, Refusal] = field(default_factory=dict)
    refuses: dict[str, Refusal] = field(default_factory=dict)
    posted: list[str] = field(default_factory=list)

    def ask(self, request: object) -> PartnerOutcome:
        match request:
            case Prepare(key=key, operation=operation):
                known = self.entries.get(key)
                if known is None:
                    why = self.decline or self.declines.get(leg_of(key))
                    status = PartnerStatus.DECLINED if why else PartnerStatus.PREPARED
                    facts = {} if why else {"account": "530102****0001"}
                    known = (operation, PartnerOutcome(key, status, why, facts))
                    self.entries[key] = known
                assert known[0] in (None, operation), "a key never stands for another operation"
                return known[1]
            case Commit(key=key):
                why = self.refuses.get(leg_of(key))
                return self._move(
                    key, PartnerStatus.DECLINED if why else PartnerStatus.COMMITTED, why
                )
            case Abort(key=key):
                self.entries.setdefault(key, (None, PartnerOutcome(key, PartnerStatus.PREPARED)))
                return self._move(key, PartnerStatus.ABORTED)
            case Reverse(key=key, of=of):
                why = self.refuses.get(leg_of(key))
                real = self._status(of) is PartnerStatus.COMMITTED
                status = PartnerStatus.REVERSED if real and not why else PartnerStatus.DECLINED
                if key not in self.entries and status is PartnerStatus.REVERSED:
                    self.posted.append(f"{key}/{status}")
                said = PartnerOutcome(key, status, why)
                return self.entries.setdefault(key, (of, said))[1]
            case Inquire(key=key):
                unknown = PartnerOutcome(key, PartnerStatus.UNKNOWN_KEY)
                return self.entries.get(key, (None, unknown))[1]
        raise AssertionError(f"no partner knows {request!r}")

    def _status(self, key: str) -> PartnerStatus:
        unknown = PartnerOutcome(key, PartnerStatus.UNKNOWN_KEY)
        return self.entries.get(key, (None, unknown))[1].status

    def _move(self, key: str, status: PartnerStatus, why: Refusal | None = None) -> PartnerOutcome:
        if key not in self.entries:
            return PartnerOutcome(key, PartnerStatus.UNKNOWN_KEY)
        operation, outcome = self.entries[key]
        if outcome.status is PartnerStatus.PREPARED:
            outcome = PartnerOutcome(key, status, why, outcome.facts)
            self.entries[key] = (operation, outcome)
            if why is None:
                self.posted.append(f"{key}/{status}")
        return outcome


def leg_of(key: str) -> str:
    """The name of the leg that a key is of."""
    return key.partition(":")[2]


__all__ = ["FakeCore", "leg_of"]
