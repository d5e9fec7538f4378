"""What the embedded credit system has of one person: file, loans, tasks, contracts; and lists it.

The state of the credit system and every question about it, without any rule about operations; those
are in `backoffice.partners.credit`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from actors.durable.persistent import PersistentMap
from backoffice.partners import credit_files as files
from backoffice.partners import credit_loans as loans
from backoffice.partners import training
from backoffice.partners.credit_files import FarmerFile
from backoffice.partners.credit_loans import Check, CheckPolicy, OwnLoan, RiskEvent
from backoffice.partners.embedded import PartnerState
from backoffice.partners.listing import facts_of, money_line
from backoffice.partners.queries import (
    Contracts,
    CreditRecord,
    DueChecks,
    FarmerFiles,
    Loans,
    PartnerQuery,
    VisitTasks,
)
from backoffice.partners.training import DAY_MS
from wire.masked import IdNumber
from wire.messages.case import SlipLine
from wire.messages.lookups import Item


class CreditPolicy(msgspec.Struct, frozen=True):
    """What the embedded credit system is configured with.

    Attributes:
        file_days_max: a file that is older is renewed before it is rated.
        officers_min: how many go on a visit.
        age_term_years_max: age and term of a loan together, in years.
        history_days_min: a loan is a history of borrowing only after so many days; before, nothing
            had to be paid back.
        checks: when loans are checked.
    """

    file_days_max: int = 365
    officers_min: int = 2
    age_term_years_max: int = 65
    history_days_min: int = 365
    checks: CheckPolicy = CheckPolicy()


class CreditState(PartnerState, frozen=True):
    """What the credit system of one union knows.

    Attributes:
        files: of each person, by file number.
        loans: of each person, by contract; those of a training office once something happened to
            them.
        done: visits and contracts that are done, and when.
        risks: in the order in which they came to light.
    """

    files: PersistentMap[str, Mapping[str, FarmerFile]] = PersistentMap()
    loans: PersistentMap[str, Mapping[str, OwnLoan]] = PersistentMap()
    done: PersistentMap[str, int] = PersistentMap()
    risks: tuple[RiskEvent, ...] = ()

    def files_of(self, number: IdNumber) -> Mapping[str, FarmerFile]:
        """A person's files by their numbers, the oldest first."""
        return self.files.get(number.number, {})

    def loans_of(self, number: IdNumber) -> Mapping[str, OwnLoan]:
        """A person's loans by contract, the oldest first."""
        return self.loans.get(number.number, {})

    def with_file(self, file: FarmerFile) -> CreditState:
        """The state with a new file, or with what has become of one."""
        own = {**self.files.get(file.holder, {}), file.file_no: file}
        return msgspec.structs.replace(self, files=self.files.put(file.holder, own))

    def with_loan(self, loan: OwnLoan) -> CreditState:
        """The state with a new loan, or with what has become of one."""
        own = {**self.loans.get(loan.holder, {}), loan.loan.loan: loan}
        return msgspec.structs.replace(self, loans=self.loans.put(loan.holder, own))

    def without_file(self, holder: str, file_no: str) -> CreditState:
        """The state without a file."""
        own = {no: file for no, file in self.files.get(holder, {}).items() if no != file_no}
        return msgspec.structs.replace(self, files=self.files.put(holder, own))

    def without_loan(self, holder: str, contract: str) -> CreditState:
        """The state without a loan."""
        own = {no: loan for no, loan in self.loans.get(holder, {}).items() if no != contract}
        return msgspec.structs.replace(self, loans=self.loans.put(holder, own))

    def without_done(self, what: str) -> CreditState:
        """The state in which a visit or a contract is to be done again."""
        return msgspec.structs.replace(self, done=self.done.remove(what))

    def with_done(self, what: str, at_ms: int) -> CreditState:
        """The state in which a visit or a contract is done."""
        return msgspec.structs.replace(self, done=self.done.put(what, at_ms))


class CreditBook:
    """Questions about a state.

    Args:
        given: a training office's file, loan, visit and contract count as everybody's.
    """

    def __init__(self, policy: CreditPolicy, *, given: bool) -> None:
        self._policy = policy
        self._training = given

    def found(self, state: CreditState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """What there is of one person."""
        match query:
            case FarmerFiles(number=number):
                file = self.file(state, number, now_ms)
                return () if file is None else (files.file_item(file),)
            case Loans(number=number):
                return tuple(map(loans.loan_item, self.loans(state, number, now_ms)))
            case VisitTasks(number=number):
                return tuple(map(_visit_item, self.visits(state, number)))
            case DueChecks(number=number):
                due = self.due(state, number, now_ms)
                return tuple(loans.check_item(check, now_ms) for check in due)
            case Contracts(number=number):
                return tuple(map(_contract_item, self.contracts(state, number)))
            case CreditRecord(number=number):
                return (self.record(state, number, now_ms),)
            case _:
                raise AssertionError(query)

    def file(self, state: CreditState, number: IdNumber, now_ms: int) -> FarmerFile | None:
        """The person's newest file."""
        own = state.files_of(number)
        if own:
            return max(own.values(), key=lambda file: file.opened_ms)
        return training_file(number, now_ms) if self._training else None

    def loans(self, state: CreditState, number: IdNumber, now_ms: int) -> list[OwnLoan]:
        """Those that were paid out here, and the training office's."""
        own = state.loans_of(number)
        given = training.loan(number)
        known = given.loan in own or given.paid_out_ms > now_ms
        first = [] if known or not self._training else [_training_loan(number)]
        return [*first, *own.values()]

    def due(self, state: CreditState, number: IdNumber, now_ms: int) -> list[Check]:
        """The check of each loan whose time has come."""
        policy, due = self._policy.checks, []
        for own in self.loans(state, number, now_ms):
            behind = own.checked
            if own.loan.loan == training.loan(number).loan:
                behind = max(behind, loans.passed(own.loan, now_ms, policy))
            check = loans.next_check(own.loan, behind, policy)
            if loans.is_listed(check, now_ms, policy):
                due.append(check)
        return due

    def visits(self, state: CreditState, number: IdNumber) -> list[training.Visit]:
        """What is planned and not done."""
        visit = training.visit(number)
        return [visit] if self._training and visit.task not in state.done else []

    def contracts(self, state: CreditState, number: IdNumber) -> list[training.Contract]:
        """What waits for signatures."""
        contract = training.contract(number)
        return [contract] if self._training and contract.contract not in state.done else []

    def record(self, state: CreditState, number: IdNumber, now_ms: int) -> Item:
        """What is known of the person's repayment."""
        known = self.loans(state, number, now_ms)
        told = training.repayment(number) if self._training else training.Repayment(0, False, 0, 0)
        since_ms = now_ms - self._policy.history_days_min * DAY_MS
        facts = facts_of(
            overdue_now=any(own.loan.overdue_days for own in known),
            overdues_minor=told.overdues_minor,
            borrowed=told.borrowed or any(own.loan.paid_out_ms <= since_ms for own in known),
            reputation=told.reputation,
            dealings=told.dealings,
        )
        return Item("record", "信用记录", "Credit record", facts=facts)


def loan_of(check: str) -> str:
    """The loan that a check belongs to."""
    return check.rpartition("-")[0]


def number_of(check: str) -> int:
    """Which of the loan's checks it is, from 1."""
    return int(check.rpartition("-")[2])


def known_loan(state: CreditState, number: IdNumber, loan: str) -> OwnLoan:
    """A loan that is known, or the training office's."""
    return state.loans_of(number).get(loan) or _training_loan(number)


def _training_loan(number: IdNumber) -> OwnLoan:
    loan = training.loan(number)
    return OwnLoan(number.number, loan, tier="special" if loan.overdue_days else "pass")


def training_file(number: IdNumber, at_ms: int) -> FarmerFile:
    """The file that everybody has in a training office, a month old."""
    household = training.household(number)
    return files.new_file(training.file_no(number), number.number, household, at_ms - 30 * DAY_MS)


def _visit_item(visit: training.Visit) -> Item:
    return Item(
        visit.task,
        f"外访任务 {visit.task} {visit.purpose}",
        f"Visit {visit.task}",
        visit.fen,
        (
            money_line("申请金额", "Asked for", visit.fen),
            SlipLine("用途", "Purpose", visit.purpose),
        ),
        facts_of(purpose=visit.purpose, fen=visit.fen),
    )


def _contract_item(contract: training.Contract) -> Item:
    return Item(
        contract.contract,
        f"农户小额贷款合同 {contract.contract}",
        f"Loan contract {contract.contract}",
        contract.fen,
        (
            money_line("合同金额", "Amount", contract.fen),
            SlipLine("签约人数", "Parties", str(contract.parties)),
            SlipLine("合同摘要值", "Digest", contract.digest[:16]),
        ),
        facts_of(digest=contract.digest, parties=contract.parties),
        branch=str(contract.parties),
    )


__all__ = [
    "CreditBook",
    "CreditPolicy",
    "CreditState",
    "known_loan",
    "loan_of",
    "number_of",
    "training_file",
]
