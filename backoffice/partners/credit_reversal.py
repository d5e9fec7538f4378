"""What the embedded credit system undoes: as long as nothing rests on it, and never its history.

A file that was opened goes, one that was changed gets a version with the values from before; a
rating, a visit or a check is taken back, a contract's loan with it. What somebody changed, rated or
checked since then is theirs: the reversal is declined, and people decide. Pure functions.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.partners import credit_files as files
from backoffice.partners.credit_book import CreditState, known_loan, loan_of, number_of
from backoffice.partners.credit_files import FarmerFile
from backoffice.partners.operations import (
    OpenFile,
    Operation,
    RateFile,
    ReportCheck,
    ReportVisit,
    SignContract,
    SupplementFile,
)
from wire.message import Code, Refusal

_CHANGED_SINCE: Final = Refusal(Code.CORE_DECLINED, "档案此后已变更或评级，不能冲正", "file")
_CHECKED_SINCE: Final = Refusal(Code.CORE_DECLINED, "该贷款此后已有贷后检查，不能冲正", "check")


def objection(state: CreditState, operation: Operation, number: str) -> Refusal | None:
    """Why what was committed cannot be undone any more; None if it can."""
    match operation:
        case OpenFile(customer=customer):
            file = state.files_of(customer.number)[number]
            waiting = any(other.number == number for other in state.open.values())
            return _CHANGED_SINCE if file.version > 1 or file.ratings or waiting else None
        case SupplementFile(customer=customer, file_no=file_no, changes=changes):
            file = state.files_of(customer.number)[file_no]
            version = _version_of(file, changes)
            since = {name for later in file.versions[version:] for name in later.new}
            rated = any(rating.file_version >= version for rating in file.ratings)
            return _CHANGED_SINCE if rated or since & changes.keys() else None
        case ReportCheck(customer=customer, check=check):
            loan = known_loan(state, customer.number, loan_of(check))
            return None if loan.checked == number_of(check) else _CHECKED_SINCE
        case SignContract(customer=customer, contract=contract):
            return _CHECKED_SINCE if state.loans_of(customer.number)[contract].checked else None
        case _:
            return None


def undone(state: CreditState, operation: Operation, number: str, at_ms: int) -> CreditState:
    """The state without what was committed."""
    match operation:
        case OpenFile(customer=customer):
            return state.without_file(customer.number.number, number)
        case SupplementFile(customer=customer, file_no=file_no, changes=changes):
            file = state.files_of(customer.number)[file_no]
            before = file.versions[_version_of(file, changes) - 1].old
            return state.with_file(files.supplement(file, before, at_ms))
        case RateFile(customer=customer, file_no=file_no):
            file = state.files_of(customer.number)[file_no]
            left = tuple(rating for rating in file.ratings if rating.number != number)
            return state.with_file(msgspec.structs.replace(file, ratings=left))
        case ReportVisit(task=task):
            return state.without_done(task)
        case ReportCheck() as report:
            return _unchecked(state, report)
        case SignContract(customer=customer, contract=contract):
            return state.without_done(contract).without_loan(customer.number.number, contract)
        case _:
            raise AssertionError(operation)


def _version_of(file: FarmerFile, changes: dict[str, str]) -> int:
    """The newest version that these changes made."""
    for version in range(file.version, 1, -1):
        if file.versions[version - 1].new == changes:
            return version
    raise AssertionError("what was committed has made a version")


def _unchecked(state: CreditState, report: ReportCheck) -> CreditState:
    """The loan before its last check, and what only that check has brought to light."""
    loan = known_loan(state, report.customer.number, loan_of(report.check))
    found = (loan.loan.loan, loan.checked_ms)
    risks = tuple(risk for risk in state.risks if (risk.loan, risk.at_ms) != found)
    before = msgspec.structs.replace(loan, checked=loan.checked - 1, tier=loan.tier_before)
    return msgspec.structs.replace(state, risks=risks).with_loan(before)


__all__ = ["objection", "undone"]
