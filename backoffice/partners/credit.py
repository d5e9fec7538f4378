"""The embedded credit system: farmer files, ratings, visits, checks after the loan, contracts.

Files merge changes (`credit_files`), loans are checked on schedule (`credit_loans`), a task, check
or contract is done once and then listed no more. A signed contract is paid out at once and becomes
a loan. It deliberately does not approve loans, and nobody repays them here.

In a training office everybody has one loan, one visit, one contract and a farmer file to begin
with; the first change or rating takes that file over, and opening a file of one's own replaces it.
"""

from __future__ import annotations

import msgspec

from backoffice.partners import credit_files as files
from backoffice.partners import credit_loans as loans
from backoffice.partners import credit_reversal as reversal
from backoffice.partners import training as given
from backoffice.partners.credit_book import (
    CreditBook,
    CreditPolicy,
    CreditState,
    known_loan,
    loan_of,
    number_of,
    training_file,
)
from backoffice.partners.credit_files import Rating
from backoffice.partners.credit_loans import OwnLoan
from backoffice.partners.embedded import (
    CommittedOperation,
    EmbeddedPartner,
    Open,
    Prepared,
    ReversedOperation,
)
from backoffice.partners.listing import day_of
from backoffice.partners.operations import (
    OpenFile,
    Operation,
    Partner,
    RateFile,
    ReportCheck,
    ReportVisit,
    SignContract,
    SupplementFile,
)
from backoffice.partners.queries import PartnerQuery
from backoffice.partners.training import DAY_MS
from wire.checks import Context, birth_date, years_between
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.lookups import Item


class CreditSystem(EmbeddedPartner[CreditState]):
    """The rules of the embedded credit system.

    Args:
        training: see the module; without, there is only what was opened here.
    """

    partner = Partner.CREDIT
    state_type = CreditState

    def __init__(self, policy: CreditPolicy | None = None, *, training: bool = False) -> None:
        self._policy = policy or CreditPolicy()
        self._book = CreditBook(self._policy, given=training)

    def initial(self, key: str) -> CreditState:
        """No files, no loans."""
        return CreditState(key)

    def objection(self, state: CreditState, operation: Operation, now_ms: int) -> Refusal | None:
        """By operation; what is claimed by another key is refused as a duplicate."""
        match operation:
            case OpenFile(customer=customer):
                return _open_objection(state, customer.number)
            case SupplementFile():
                return self._supplement_objection(state, operation, now_ms)
            case RateFile():
                return self._rate_objection(state, operation, now_ms)
            case ReportVisit():
                return self._visit_objection(state, operation, now_ms)
            case ReportCheck(check=check):
                listed = {
                    one.check for one in self._book.due(state, operation.customer.number, now_ms)
                }
                return _claim_objection(state, check, check in listed, "check")
            case SignContract():
                return self._contract_objection(state, operation)
            case _:
                raise AssertionError(operation)

    def number(self, state: CreditState, operation: Operation) -> str:
        """A file, a rating, or the task, check or contract itself."""
        serial = len(state.entries) + 1
        match operation:
            case OpenFile():
                return f"NH{state.union}{serial:06d}"
            case RateFile():
                return f"PJ{state.union}{serial:06d}"
            case SupplementFile(file_no=file_no):
                return file_no
            case _:
                return _claimed(operation)

    def facts(self, state: CreditState, operation: Operation, number: str) -> dict[str, str]:
        """The numbers that the slip shows, and the version that a file will have."""
        match operation:
            case OpenFile():
                return {"file_no": number, "version": "1"}
            case SupplementFile(customer=customer, file_no=file_no):
                known = state.files_of(customer.number).get(file_no)
                return {"file_no": file_no, "version": str(known.version + 1 if known else 2)}
            case RateFile():
                return {"rating": number}
            case _:
                return {}

    def receipt(self, state: CreditState, opened: Open, now_ms: int) -> dict[str, str]:
        """The version that a file has now; when the next check is due."""
        match opened.operation:
            case SupplementFile(customer=customer, file_no=file_no):
                return {"version": str(state.files_of(customer.number)[file_no].version + 1)}
            case ReportCheck(customer=customer, check=check):
                loan = known_loan(state, customer.number, loan_of(check))
                following = loans.next_check(loan.loan, number_of(check), self._policy.checks)
                return {"next_check": day_of(following.due_ms)}
            case _:
                return {}

    def prepared(self, state: CreditState, event: Prepared) -> CreditState:
        """A training office's file is taken over."""
        operation = event.operation
        if not isinstance(operation, SupplementFile | RateFile):
            return state
        number = operation.customer.number
        if operation.file_no in state.files_of(number):
            return state
        return state.with_file(training_file(number, event.at_ms))

    def committed(self, state: CreditState, opened: Open, event: CommittedOperation) -> CreditState:
        """The file is opened, changed or rated; the task is done; the contract is paid out."""
        at_ms, number = event.at_ms, opened.number
        match opened.operation:
            case OpenFile(customer=customer, household=household):
                holder = customer.number.number
                return state.with_file(files.new_file(number, holder, household, at_ms))
            case SupplementFile(customer=customer, file_no=file_no, changes=changes):
                file = state.files_of(customer.number)[file_no]
                return state.with_file(files.supplement(file, changes, at_ms))
            case RateFile(customer=customer) as rated:
                score = (rated.card, rated.points, rated.grade, rated.limit_fen)
                rating = Rating(number, rated.file_version, *score, at_ms)
                file = state.files_of(customer.number)[rated.file_no]
                rated_file = msgspec.structs.replace(file, ratings=(*file.ratings, rating))
                return state.with_file(rated_file)
            case ReportVisit(task=task):
                return state.with_done(task, at_ms)
            case ReportCheck() as report:
                return self._checked(state, report, at_ms)
            case SignContract(customer=customer, contract=contract):
                fen = given.contract(customer.number).fen
                paid_out = loans.paid_out(contract, fen, "农户小额贷款", at_ms)
                loan = OwnLoan(customer.number.number, paid_out)
                return state.with_done(contract, at_ms).with_loan(loan)
            case _:
                raise AssertionError(opened.operation)

    def reversal_objection(
        self, state: CreditState, operation: Operation, number: str, now_ms: int
    ) -> Refusal | None:
        """What somebody built on since then stands."""
        return reversal.objection(state, operation, number)

    def reversed(self, state: CreditState, undone: Open, event: ReversedOperation) -> CreditState:
        """As before it, with the history of both."""
        return reversal.undone(state, undone.operation, undone.number, event.at_ms)

    def found(self, state: CreditState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """What there is of one person."""
        return self._book.found(state, query, now_ms)

    def _checked(self, state: CreditState, report: ReportCheck, at_ms: int) -> CreditState:
        """The loan after a check, and what the check has brought to light."""
        before = known_loan(state, report.customer.number, loan_of(report.check))
        loan = msgspec.structs.replace(
            before,
            checked=number_of(report.check),
            tier=report.tier,
            checked_ms=at_ms,
            tier_before=before.tier,
        )
        found = loans.risks_of(report, loan.loan.loan, at_ms, self._policy.checks)
        after = msgspec.structs.replace(state, risks=(*state.risks, *found))
        return after.with_loan(loan)

    # What stands against an operation.

    def _supplement_objection(
        self, state: CreditState, operation: SupplementFile, now_ms: int
    ) -> Refusal | None:
        file = self._book.file(state, operation.customer.number, now_ms)
        if file is None or file.file_no != operation.file_no:
            return Refusal(Code.NOT_FOUND, "没有该客户的这份农户档案", "file")
        waiting = [
            other.operation.changes
            for other in state.open.values()
            if isinstance(other.operation, SupplementFile) and other.number == file.file_no
        ]
        return files.supplement_objection(file, operation.base_version, operation.changes, waiting)

    def _rate_objection(
        self, state: CreditState, operation: RateFile, now_ms: int
    ) -> Refusal | None:
        file = self._book.file(state, operation.customer.number, now_ms)
        if file is None or file.file_no != operation.file_no:
            return Refusal(Code.NOT_FOUND, "没有该客户的这份农户档案", "file")
        if operation.file_version != file.version:
            words = f"档案已更新，当前为第{file.version}版，请按新版评级"
            return Refusal(Code.STALE, words, "file")
        if now_ms - file.changed_ms > self._policy.file_days_max * DAY_MS:
            words = f"档案超过{self._policy.file_days_max}天未更新，请先补录"
            return Refusal(Code.STALE, words, "file")
        if not 0 <= operation.points <= 100 or operation.limit_fen < 0:
            return Refusal(Code.RANGE, "评级结果超出范围")
        return None

    def _visit_objection(
        self, state: CreditState, operation: ReportVisit, now_ms: int
    ) -> Refusal | None:
        if len(set(operation.officers)) < self._policy.officers_min:
            return Refusal(Code.EVIDENCE, "外访须由两名信贷人员共同完成", "colleague")
        born = birth_date(operation.customer.number.number)
        age = years_between(born, Context(now_ms).today) if born is not None else 0
        most = self._policy.age_term_years_max
        if age * 12 + operation.term_months > most * 12:
            return Refusal(Code.LIMIT, f"借款人年龄与贷款期限之和超过{most}年", "term")
        listed = {visit.task for visit in self._book.visits(state, operation.customer.number)}
        return _claim_objection(state, operation.task, operation.task in listed, "task")

    def _contract_objection(self, state: CreditState, operation: SignContract) -> Refusal | None:
        listed = {
            one.contract: one for one in self._book.contracts(state, operation.customer.number)
        }
        contract = listed.get(operation.contract)
        if contract is not None and contract.digest != operation.digest:
            return Refusal(Code.STALE, "合同内容已变更，已有签名全部作废，请重新面签", "contract")
        persons = {party.number.number for party in operation.parties}
        all_there = contract is None or len(persons) == contract.parties
        if not all_there or len(persons) != len(operation.parties):
            return Refusal(Code.EVIDENCE, "签约人数与合同不符，须全体到场签字", "contract")
        if operation.customer.number.number not in persons or not operation.clauses:
            return Refusal(Code.EVIDENCE, "借款人须到场并逐条确认合同条款", "contract")
        return _claim_objection(state, operation.contract, contract is not None, "contract")


def _open_objection(state: CreditState, number: IdNumber) -> Refusal | None:
    """One file per person, and one at a time."""
    opening = any(
        isinstance(other.operation, OpenFile) and other.operation.customer.number == number
        for other in state.open.values()
    )
    if opening or state.files_of(number):
        return Refusal(Code.DUPLICATE, "该客户已有农户档案，请办理档案补录", "id_card")
    return None


def _claim_objection(state: CreditState, what: str, listed: bool, name: str) -> Refusal | None:
    """Whatever is done once must be listed, and claimed by nobody else."""
    if any(what == other.number for other in state.open.values()):
        return Refusal(Code.DUPLICATE, "该任务正在另一笔业务中办理", name)
    return None if listed else Refusal(Code.STALE, "该任务已完成或已撤销，请重新查询", name)


def _claimed(operation: Operation) -> str:
    """The id of what an operation claims."""
    match operation:
        case ReportVisit(task=claimed) | ReportCheck(check=claimed):
            return claimed
        case SignContract(contract=claimed):
            return claimed
        case _:
            raise AssertionError(operation)


__all__ = ["CreditSystem"]
