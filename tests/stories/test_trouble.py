"""Things that break inside the office, and people who mean it harm: nobody else notices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest

from actors.actor import REACTIVE_MAILBOX_CAPACITY as CAPACITY
from actors.dead_letters import Reason
from backoffice.authorization.queue import Touched
from backoffice.cases.terms import Terms
from backoffice.partners.embedded import Prepared
from backoffice.peers.devices import Device, DeviceRevoked
from terminal.page_model import LinkState, Stage
from tests.kit.bank import UNION, Bank
from tests.kit.running import run
from tests.simulation.nemesis import Poison
from tests.stories.cast import (
    assert_sound,
    cast,
    core_events,
    kinds,
    until,
    watched_bank,
    work_to,
)
from wire.case_state import State
from wire.codec import decode, encode
from wire.errors import PeerRefused
from wire.keys import SUBMISSION
from wire.message import Code, Request
from wire.messages.case import Submission, Submit
from wire.messages.session import Revoke, Revoked, Role
from wire.office_link import OfficeLink
from wire.value import TextValue

OPERATOR = Device(
    device="O-1", role=Role.OPERATOR, outlet="53011100", union=UNION, noise=b"", signing=b""
)
SECOND_S = 1.0


def test_a_mailbox_runs_full() -> None:
    """What does not fit is refused and noted, what fits is done, and work goes on."""

    async def story() -> None:
        bank, invariants = watched_bank("full-mailbox")
        async with cast(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.SUBMIT)
            tree = at.office.tree
            assert tree is not None
            queue = tree.ref(f"/office/queues/{UNION}")
            taken = sum(queue.tell(Touched(f"case-{n}")) for n in range(CAPACITY + 100))
            letters = tree.system.dead_letters.by_reason[Reason.OVERFLOW]
            case = await at.clerk.finish(case_id)

        assert (CAPACITY, 100) == (taken, letters)
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def test_a_message_is_poison() -> None:
    """It crashes one case, is kept as a dead letter, and neither case comes to harm."""

    async def story() -> None:
        bank, invariants = watched_bank("poison")
        async with cast(bank) as at:
            poisoned = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, poisoned, Stage.WAITING)
            other = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, other, Stage.WAITING)
            await until(lambda: bool(kinds(bank, poisoned) and kinds(bank, other)))
            tree = at.office.tree
            assert tree is not None
            path = f"/office/cases/{UNION}.{poisoned}"
            tree.ref(path).tell(Poison())
            at.authorize()
            ends = [(await at.clerk.finish(case_id)).state for case_id in (poisoned, other)]
            letters = [(one.reason, one.path) for one in tree.system.dead_letters.entries]

        assert [(Reason.POISON, path)] == [one for one in letters if one[0] is Reason.POISON]
        assert ["CLOSED", "CLOSED"] == ends
        assert_sound(bank, invariants)

    run(story)


def test_a_photo_is_lost_on_the_tablet() -> None:
    """The case comes back to the table, the teller reads which one, and it is taken again."""

    async def story() -> None:
        bank, invariants = watched_bank("photo-lost")
        async with cast(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.SUBMIT)
            draft = at.terminal.drafts.look(case_id)
            assert draft is not None
            del bank.disk("T-1").disk.blobs.kept[draft.evidence["id_back"].digest]
            await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
            case = await work_to(at.terminal, at.clerk, case_id, Stage.PHOTOS)
            (told,) = case.reasons
            end = await at.clerk.finish(case_id)

        assert (Code.EVIDENCE, "id_back") == (told.code, told.field)
        assert "CLOSED" == end.state
        assert_sound(bank, invariants)

    run(story)


def test_a_device_is_revoked_in_the_middle_of_a_case() -> None:
    """From that commit on nothing of it is accepted; what was reserved is released by itself."""

    async def story() -> None:
        bank, invariants = watched_bank("revoked", terms=Terms(prepared_ms=10 * 60 * 1000))
        async with cast(bank) as at:
            at.authorize()
            case_id = await at.clerk.begin("debit_card")
            await work_to(at.terminal, at.clerk, case_id, Stage.SIGN)
            answer = await at.office.operator.answer(OPERATOR, Revoke("T-1"))
            assert Revoked("T-1") == answer
            await until(lambda: at.terminal.state().link != LinkState.ONLINE)
            await at.clerk._step(await work_to(at.terminal, at.clerk, case_id, Stage.SIGN))
            await until(lambda: "Aborted" in kinds(bank, case_id))

        rows = bank.disk("office").disk.journal
        tags: list[object] = [row.kind for row in rows]
        after = set(tags[tags.index(DeviceRevoked.__struct_config__.tag) + 1 :])
        assert {"AbortStarted", "PartnerAborted", "CaseAborted"} == after
        assert_sound(bank, invariants, healed=False)

    run(story)


def test_a_submission_is_sent_again_with_other_words() -> None:
    """The same bytes get the same answer; other bytes under the same revision are refused."""
    sent: list[Submit] = []

    async def story() -> None:
        bank, invariants = watched_bank("replayed")
        async with cast(bank) as at:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(OfficeLink, "request", overheard(sent))
                case_id = await at.clerk.begin("debit_card")
                await work_to(at.terminal, at.clerk, case_id, Stage.WAITING)
                await until(lambda: "Queued" in kinds(bank, case_id))
            (submit,) = sent
            link = at.terminal._link
            again = await link.request(submit, within=SECOND_S)
            other = reworded(bank, submit)
            with pytest.raises(PeerRefused) as refused:
                await link.request(other, within=SECOND_S)
            at.authorize()
            case = await at.clerk.finish(case_id)

        assert State.AUTH_QUEUED == again.state
        assert Code.KEY_CONFLICT == refused.value.refusal.code
        assert 1 == kinds(bank, case_id).count("Submitted")
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def test_the_core_does_not_answer_in_time() -> None:
    """The outcome is unknown, never failed: the case inquires under the same key until it knows."""

    async def story() -> None:
        bank, invariants = watched_bank("slow-core")
        async with cast(bank) as at:
            at.authorize()
            bank.disk("office").stalls["core/"] = 12.0
            case_id = await at.clerk.begin("debit_card")
            case = await at.clerk.finish(case_id)

        states = [step.state for step in case.steps]
        assert State.PREPARE_UNKNOWN in states
        assert State.COMMIT_UNKNOWN in states
        prepared = [event for event in core_events(bank) if isinstance(event, Prepared)]
        assert [case_id] == [event.key for event in prepared]
        assert "CLOSED" == case.state
        assert_sound(bank, invariants)

    run(story)


def overheard(sent: list[Submit]) -> Callable[..., Awaitable[object]]:
    """`OfficeLink.request` that notes every submission on its way."""
    ask = OfficeLink.request

    async def request(self: OfficeLink, message: Request[object], *, within: float) -> object:
        if isinstance(message, Submit):
            sent.append(message)
        return await ask(self, message, within=within)

    return request


def reworded(bank: Bank, submit: Submit) -> Submit:
    """Another address in the same revision, rightly signed by the same device."""
    submission = decode(Submission, submit.submission)
    values = {**submission.values, "address": TextValue("云南省昆明市官渡区小板桥街道9号")}
    body = encode(msgspec.structs.replace(submission, values=values))
    signature = bank.device_keys("T-1").signing.sign(SUBMISSION, body)
    return Submit(body, submit.pins, signature)
