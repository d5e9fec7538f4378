"""Who had a part in a case: different persons where the rules ask for more than one (I5).

By person id, whatever staff id somebody used. Persons are told apart by what personnel wrote down,
so two of them who carry one name are noted: most are namesakes, and somebody with two identities is
among them. Such a case must have been drawn for a review.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from backoffice.cases.record import Case
from backoffice.staff import named_alike
from backoffice.verify.findings import Fault, Findings
from wire.messages.session import StaffCard


class Persons:
    """Compares who acts with those who acted before.

    Attributes:
        notes: where two who must be different persons carry one name.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self.notes = Findings()

    def apart(self, who: StaffCard, before: Iterable[StaffCard], where: str) -> None:
        """Who acts here is none of those before."""
        for one in before:
            if one.person_id == who.person_id:
                self._findings.add(Fault.SELF_AUTHORIZED, where, who.staff_id)
            elif named_alike(one, who):
                self.notes.add(Fault.NAMESAKES, where, f"{one.staff_id}, {who.staff_id}")


def part_in(case: Case) -> tuple[StaffCard, ...]:
    """Those who captured and approved a case."""
    return (case.filed.operator, *(approval.authorizer for approval in case.approvals))


def has_namesakes(case: Case) -> bool:
    """Whether two of them carry one name."""
    return any(named_alike(*two) for two in combinations(part_in(case), 2))


__all__ = ["Persons", "has_namesakes", "part_in"]
