"""Whether an authorizer's signed decision counts, and what it then means: pure rules.

A decision binds exactly what was seen: the case, its version, the hash of the submission, the set
of image hashes and the challenge of this very claim (invariants I5 and I6). Anything else about the
case may have changed meanwhile; then the answer is `E_STALE` and the authorizer looks again.
"""

from __future__ import annotations

from typing import Final

from backoffice.authorization.levels import WITNESS, Timing
from backoffice.authorization.waiting import kept_apart
from backoffice.cases.commands import Judge
from backoffice.cases.events import Judgement
from backoffice.cases.flow import wrong_state
from backoffice.cases.record import Case, Held
from backoffice.cases.terms import Verify
from backoffice.cases.view import entry_of
from wire.case_state import State
from wire.checks import Context, check_moment, not_before
from wire.codec import decode_signed
from wire.errors import BadFrame
from wire.form import Form
from wire.keys import DECISION
from wire.message import Code, Refusal
from wire.messages.case import LIVE_PHOTO
from wire.messages.desk import (
    MARKED_FIELDS_MAX,
    NOTE_CHARS_MAX,
    REJECT_REASONS,
    RETURN_REASONS,
    Decision,
    Reason,
    Verdict,
)
from wire.text import text_fault

RETURNS_MAX: Final = 3
"""How often one case may be sent back; after that it is approved or rejected."""

REASONS: Final[dict[Reason, tuple[Code, str]]] = {
    Reason.IMAGE_UNCLEAR: (Code.IMAGE_QUALITY, "影像不清晰，请重新拍摄。"),
    Reason.IMAGE_MISSING: (Code.EVIDENCE, "影像缺失，请补拍。"),
    Reason.ELEMENT_MISMATCH: (Code.ID_MISMATCH, "要素不一致，请核对后重新填写。"),
    Reason.FORM_INCOMPLETE: (Code.FORMAT, "表单填写不完整，请补充。"),
    Reason.NOT_THE_PERSON: (Code.ID_MISMATCH, "非客户本人，不予办理。"),
    Reason.ID_DOUBTFUL: (Code.ID_MISMATCH, "证件存疑，不予办理。"),
    Reason.COERCION_OR_FRAUD: (Code.FORBIDDEN, "疑似胁迫或欺诈，不予办理。"),
    Reason.NOT_PERMITTED: (Code.FORBIDDEN, "不符合业务规定，不予办理。"),
}
"""What each reason means: of a return to the teller, of a rejection to those of `rejections`."""

_FITTING: Final[dict[Verdict, tuple[Reason | None, ...]]] = {
    Verdict.APPROVE: (None,),
    Verdict.RETURN: RETURN_REASONS,
    Verdict.REJECT: REJECT_REASONS,
}


def check_decision(
    case: Case, form: Form, judge: Judge, now_ms: int, verify: Verify
) -> Judgement | Refusal:
    """The judgement that a handed-in decision amounts to, or why it does not count.

    `form` is the one that was filled.

    Codes: `FORMAT` (unreadable; reason, note or fields wrong), `FORBIDDEN` (signature, signer,
    outlet or level), `STATE` (not claimed by this desk), `STALE` (something else was seen),
    `SELF_AUTH`, `RANGE` (the desk's clock).
    """
    caller = judge.caller
    try:
        decision = decode_signed(Decision, judge.decision)
    except BadFrame:
        return Refusal(Code.FORMAT, "授权决定无法识别。")
    if not verify(caller.signing, DECISION, judge.decision, judge.signature):
        return Refusal(Code.FORBIDDEN, "授权决定的签名无效。")
    if decision.staff_id != caller.staff.staff_id or decision.case_id != case.case_id:
        return Refusal(Code.FORBIDDEN, "授权决定与当前登录人员或业务不符。")
    held = case.claim
    if case.state is not State.AUTH_CLAIMED or held is None:
        return wrong_state(case.state)
    return (
        kept_apart(entry_of(case), caller.authority)
        or _not_yours(held, judge, now_ms)
        or _stale(case, held, decision)
        or _ill_formed(case, decision)
        or _ill_marked(form, decision)
        or _unwitnessed(case, decision)
        or _at_another_time(case, decision, now_ms)
        or Judgement(
            decision=judge.decision,
            signature=judge.signature,
            authorizer=caller.staff,
            device=caller.device,
            verdict=decision.verdict,
            reason=decision.reason,
            note=decision.note.strip(),
            fields=decision.fields,
        )
    )


def in_words(judgement: Judgement) -> Refusal:
    """A return or rejection as the teller reads it: the reason, then the authorizer's note."""
    assert judgement.reason is not None, "an approval has no reason"
    code, sentence = REASONS[judgement.reason]
    return Refusal(code, f"{sentence}{judgement.note}")


def at_fields(judgement: Judgement) -> tuple[Refusal, ...]:
    """The reason of a return at each field that it names."""
    assert judgement.reason is not None, "an approval has no reason"
    code, sentence = REASONS[judgement.reason]
    return tuple(Refusal(code, sentence, field) for field in judgement.fields)


def _not_yours(held: Held, judge: Judge, now_ms: int) -> Refusal | None:
    same_person = held.authorizer.person_id == judge.caller.staff.person_id
    if held.device != judge.caller.device or not same_person:
        return Refusal(Code.STATE, "该业务由其他授权人员审核中。")
    if held.until_ms <= now_ms:
        return Refusal(Code.STATE, "领取已超时，请重新领取该业务。")
    return None


def _stale(case: Case, held: Held, decision: Decision) -> Refusal | None:
    seen = {image.digest for image in case.images}
    bound = (
        decision.version == case.version
        and decision.submission_hash == case.filed.digest
        and len(decision.images) == len(set(decision.images))
        and set(decision.images) == seen
        and decision.challenge == held.challenge
    )
    return None if bound else Refusal(Code.STALE, "业务内容已更新，请重新查看后再作决定。")


def _ill_formed(case: Case, decision: Decision) -> Refusal | None:
    if decision.reason not in _FITTING[decision.verdict]:
        return Refusal(Code.FORMAT, "退回或拒绝须选择相应原因，通过则不选原因。", "reason")
    fault = text_fault(decision.note, "说明", NOTE_CHARS_MAX, "note", required=False, lines=True)
    if fault is not None:
        return fault
    if decision.verdict is Verdict.RETURN and case.returns >= RETURNS_MAX:
        return Refusal(Code.STATE, f"该业务已退回{RETURNS_MAX}次，只能通过或拒绝。")
    return None


def _ill_marked(form: Form, decision: Decision) -> Refusal | None:
    """Only a return names fields: of this form, each once, and not too many."""
    fields = decision.fields
    if fields and decision.verdict is not Verdict.RETURN:
        return Refusal(Code.FORMAT, "只有退回时才能指明需补正的项目。", "fields")
    if len(fields) > MARKED_FIELDS_MAX:
        return Refusal(Code.FORMAT, f"需补正的项目不能超过{MARKED_FIELDS_MAX}项。", "fields")
    if len(set(fields)) != len(fields) or any(form.field(name) is None for name in fields):
        return Refusal(Code.FORMAT, "需补正的项目与表单不符。", "fields")
    return None


def _unwitnessed(case: Case, decision: Decision) -> Refusal | None:
    """Who witnesses from afar has seen the customer, where the customer waits at the table."""
    assessment = case.filed.assessment
    if WITNESS not in assessment.flags or assessment.route.timing is Timing.ASYNC:
        return None
    if decision.verdict is not Verdict.APPROVE or case.live is not None:
        return None
    return Refusal(Code.EVIDENCE, "远程见证业务须先取得现场照片，请先要求补拍。", LIVE_PHOTO.name)


def _at_another_time(case: Case, decision: Decision, now_ms: int) -> Refusal | None:
    """Nobody decides before they hold the case, by the desk's clock either."""
    limits = case.filed.limits
    earliest_ms = not_before(case.reached_ms(State.AUTH_CLAIMED), limits)
    context = Context(now_ms, limits, "decided_ms")
    return next(iter(check_moment(decision.decided_ms, context, "授权决定", earliest_ms)), None)


__all__ = ["REASONS", "RETURNS_MAX", "at_fields", "check_decision", "in_words"]
