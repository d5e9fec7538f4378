"""V11: who holds a phone is proven by six digits that were sent to it and are read back.

Stream `phone/<union>/<case_id>`. It holds neither code nor number, only hashes of them under a key
that is not in the store; six digits under a plain hash would be read off it at once. A code is on
record before it is sent, a wrong answer before it is told, so no crash gives another try. Only the
newest code of a case counts. A code whose message certainly did not go out is void, and another one
may be asked for at once; what merely did not answer may have gone out, and stands.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Final

import msgspec
import trio

from actors import Refused
from actors.ports import Entropy, WallClock
from actors.store import Store
from backoffice.cases.commands import Caller
from backoffice.lookups.journal import Journal, retried
from backoffice.lookups.terms import LookupTerms
from backoffice.partners.conduct import Conducts, Service, Unheard
from backoffice.partners.sms import ShortMessages, SmsFailed
from wire.checks import Context, check_phone
from wire.codec import encode
from wire.form import Field, FieldKind
from wire.masked import Phone
from wire.message import Code, Refusal
from wire.messages.lookups import CodeSent, PhoneProven, ProveCode, SendCode
from wire.value import PhoneValue

CODE_DIGITS: Final = 6
SMS_S_MAX: Final = 10.0
"""How long the gateway may take before the outcome counts as unknown, in seconds."""

_DRAWN_BYTES: Final = 16
"""So many that no code is likelier than another by more than one in 10^32."""

_PHONE: Final = Field(
    name="phone", kind=FieldKind.PHONE, title_zh="手机号码", title_en="Mobile number"
)

Seal = Callable[[bytes], bytes]
"""A keyed hash; the key is the security module's."""


class CodeMade(msgspec.Struct, frozen=True, tag="CodeMade"):
    """A code is about to be sent; `phone` and `code` are sealed."""

    phone: bytes
    code: bytes
    at_ms: int
    until_ms: int
    again_ms: int


class CodeUnsent(msgspec.Struct, frozen=True, tag="CodeUnsent"):
    """The last code certainly did not go out."""


class CodeMissed(msgspec.Struct, frozen=True, tag="CodeMissed"):
    """A wrong answer to the last code, sealed."""

    answer: bytes


class CodeRight(msgspec.Struct, frozen=True, tag="CodeRight"):
    """The last code was read back; `reference` proves the phone for this case."""

    reference: str
    phone: bytes


PhoneEvent = CodeMade | CodeUnsent | CodeMissed | CodeRight

_NO_CODE: Final = Refusal(Code.STATE, "请先向该手机号码发送验证码。")
_EXPIRED: Final = Refusal(Code.STALE, "验证码已过期，请重新发送。")
_SPENT: Final = Refusal(Code.LIMIT, "验证码错误次数过多，请重新发送。")
_TOO_MANY: Final = Refusal(Code.LIMIT, "同一笔业务发送验证码次数过多，请新建业务。")
_TOO_SOON: Final = Refusal(Code.LIMIT, "发送验证码过于频繁，请稍后再试。", retryable=True)
_NOT_SENT: Final = Refusal(Code.BUSY, "短信未能发出，请稍后重试。", retryable=True)


class PhoneDesk:
    """Sends codes and hears them read back.

    Args:
        sms: a union's gateway.
        terms: a union's numbers.
        seal: see `Seal`.
        conducts: how the gateway behaves.
    """

    def __init__(
        self,
        store: Store,
        wall: WallClock,
        entropy: Entropy,
        sms: Callable[[str], ShortMessages],
        seal: Seal,
        terms: Callable[[str], LookupTerms],
        conducts: Conducts,
    ) -> None:
        self._journal = Journal[PhoneEvent]("phone", PhoneEvent, store, wall)
        self._wall = wall
        self._entropy = entropy
        self._sms = sms
        self._seal = seal
        self._terms = terms
        self._conducts = conducts

    async def send(self, caller: Caller, request: SendCode) -> CodeSent | Refusal:
        """A code on its way; asked again too soon, the same answer about the same code.

        Codes: `FORMAT`, `LIMIT`, `BUSY`, `FORBIDDEN`.
        """
        now = Context(self._wall.now_ms()).at(_PHONE.name)
        wrong = check_phone(PhoneValue(request.phone), _PHONE, now)
        if wrong:
            return wrong[0]
        drawn = int.from_bytes(self._entropy(_DRAWN_BYTES), "big")
        code = f"{drawn % 10**CODE_DIGITS:0{CODE_DIGITS}}"
        made: CodeMade | CodeSent | Refusal = await retried(
            lambda: self._make(caller, request, code)
        )
        if not isinstance(made, CodeMade):
            return made
        minutes = max(1, (made.until_ms - made.at_ms) // 60_000)
        text = f"【农信社】验证码{code}，{minutes}分钟内有效，仅供柜员当面办理业务时核对。"
        try:
            await self._hand_over(caller.staff.union, request.phone, text)
        except SmsFailed:
            await retried(lambda: self._void(caller, request.case_id, made))
            return _NOT_SENT
        except Refused as refused:
            await retried(lambda: self._void(caller, request.case_id, made))
            return refused.refusal
        return CodeSent(made.until_ms, made.again_ms)

    async def prove(self, caller: Caller, request: ProveCode) -> PhoneProven | Refusal:
        """The proof, if the code is the newest one of this case and phone.

        Codes: `STATE`, `STALE`, `LIMIT`, `PIN`.
        """
        return await retried(lambda: self._judge(caller, request))

    async def proofs(self, union: str, case_id: str, phones: Collection[Phone]) -> dict[str, Phone]:
        """Which of these phones were proven for a case, by reference."""
        sealed = {self._phone(union, phone): phone for phone in phones}
        events = await self._journal.read(union, case_id) if phones else []
        return {
            event.reference: sealed[event.phone]
            for event in events
            if isinstance(event, CodeRight) and event.phone in sealed
        }

    async def _hand_over(self, union: str, phone: Phone, text: str) -> None:
        """Have a message sent; where nothing is heard of it, it may be on its way.

        Raises:
            SmsFailed: it certainly did not go out.
            Refused: no gateway is connected.
        """
        ask = partial(self._sms(union).send, phone, text)
        try:
            with trio.move_on_after(SMS_S_MAX):
                await self._conducts.hear(Service.SMS, union, ask, _decline)
        except Unheard as silence:
            if not silence.reached:
                raise SmsFailed("the gateway is down") from None

    async def _make(
        self, caller: Caller, request: SendCode, code: str
    ) -> CodeMade | CodeSent | Refusal:
        """Put a new code on record; or the answer that makes one needless or forbidden."""
        union, now_ms = caller.staff.union, self._wall.now_ms()
        terms, key = self._terms(union), (union, request.case_id)
        events = await self._journal.read(*key)
        phone, last = self._phone(union, request.phone), _standing(events)
        if last is not None and now_ms < last.again_ms:
            return CodeSent(last.until_ms, last.again_ms) if last.phone == phone else _TOO_SOON
        if sum(isinstance(event, CodeMade) for event in events) >= terms.codes_max:
            return _TOO_MANY
        made = CodeMade(
            phone=phone,
            code=self._code(union, request.case_id, request.phone, code),
            at_ms=now_ms,
            until_ms=now_ms + terms.code_ms,
            again_ms=now_ms + terms.code_pause_ms,
        )
        await self._journal.add(key, len(events), made, who=caller.staff.staff_id)
        return made

    async def _void(self, caller: Caller, case_id: str, made: CodeMade) -> None:
        key = (caller.staff.union, case_id)
        events = await self._journal.read(*key)
        if _standing(events) == made:
            await self._journal.add(key, len(events), CodeUnsent(), who=caller.staff.staff_id)

    async def _judge(self, caller: Caller, request: ProveCode) -> PhoneProven | Refusal:
        union = caller.staff.union
        key, who = (union, request.case_id), caller.staff.staff_id
        events = await self._journal.read(*key)
        made = _standing(events)
        phone = self._phone(union, request.phone)
        if made is None or made.phone != phone:
            return _NO_CODE
        since = events[events.index(made) + 1 :]
        answer = self._code(union, request.case_id, request.phone, request.code)
        right = hmac.compare_digest(made.code, answer)
        done = next((event for event in since if isinstance(event, CodeRight)), None)
        if done is not None and right:
            return PhoneProven(done.reference)
        if self._wall.now_ms() >= made.until_ms:
            return _EXPIRED
        missed = [event.answer for event in since if isinstance(event, CodeMissed)]
        most = self._terms(union).code_tries_max
        if len(missed) >= most:
            return _SPENT
        if right:
            reference = f"{request.case_id}#{len(events) + 1}"
            await self._journal.add(key, len(events), CodeRight(reference, phone), who=who)
            return PhoneProven(reference)
        if answer not in missed:
            await self._journal.add(key, len(events), CodeMissed(answer), who=who)
            missed.append(answer)
        left = most - len(missed)
        return Refusal(Code.PIN, f"验证码不正确，还可尝试{left}次。", "code") if left else _SPENT

    def _phone(self, union: str, phone: Phone) -> bytes:
        return self._seal(encode(("phone", union, phone.digits)))

    def _code(self, union: str, case_id: str, phone: Phone, code: str) -> bytes:
        return self._seal(encode(("code", union, case_id, phone.digits, code)))


async def _decline() -> None:
    raise SmsFailed("the gateway declined")


def _standing(events: Sequence[PhoneEvent]) -> CodeMade | None:
    """The newest code, unless it certainly did not go out."""
    for event in reversed(events):
        if isinstance(event, CodeUnsent):
            return None
        if isinstance(event, CodeMade):
            return event
    return None


__all__ = [
    "CODE_DIGITS",
    "SMS_S_MAX",
    "CodeMade",
    "CodeMissed",
    "CodeRight",
    "CodeUnsent",
    "PhoneDesk",
    "PhoneEvent",
    "Seal",
]
