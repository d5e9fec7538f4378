"""Every durable behaviour of the project, found and not listed, and a plausible life for each.

A life is what senders would say to one actor, in order. Whoever writes a behaviour says here how
it is talked to; one without a life fails the tests that ask for all of them.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from actors.durable import Behaviour
from backoffice.authorization.policy_book import PolicyBook
from backoffice.cases.case import CaseBehaviour, key_of
from backoffice.cases.commands import CaseCommand
from backoffice.cases.duties import CUSTOMER, SLIP
from backoffice.cases.events import CustomerLearned
from backoffice.customers.feed import ECIF, Feed
from backoffice.customers.record import Correct, CustomerRecord, Review, customer_key
from backoffice.customers.rules import CustomerRules
from backoffice.partners.biller import Billers
from backoffice.partners.card_center import CardCenter
from backoffice.partners.core_bank import CoreBank
from backoffice.partners.credit import CreditSystem
from backoffice.partners.embedded import EmbeddedPartner
from backoffice.partners.ocrm import Ocrm
from backoffice.partners.operations import Partner
from backoffice.partners.policy import embedded_partner
from backoffice.partners.port import Abort, Commit
from backoffice.partners.securities import SecuritiesBrokers
from backoffice.partners.wealth import WealthSystem
from backoffice.peers.devices import Devices, InviteDevice
from terminal.draft_events import Open
from terminal.draft_rules import DraftRules
from tests.actors.toy import BoxRules, Label, Look, Nag, Paid, PayOut, Put
from tests.backoffice import test_core_bank, test_devices, test_partner_contract
from tests.backoffice.case_story import DESK, SECOND_DESK, UNION, Bank, FakeCore, Story
from tests.backoffice.partner_scenes import SCENES, TRAINING
from tests.backoffice.test_feeds import changed
from tests.backoffice.test_policy_book import OUTLET
from tests.backoffice.test_policy_book import UNION as UNION_POLICY
from tests.backoffice.toys import RULES
from tests.kit import submissions as make
from tests.kit.sources import PRODUCT_PACKAGES
from tests.terminal import test_draft
from tests.terminal.draft_story import CASE, DEBIT_CARD, DEVICE
from wire.case_state import FINAL_STATES, State
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages import desk
from wire.messages.case import RefuseSlip
from wire.messages.policy import RollbackPolicy, SetPolicy

COMMANDS_MIN, COMMANDS_MAX = 10, 25
"""How many commands there are in a life that is drawn and not told."""

Lives = st.SearchStrategy[Sequence[Any]]


@dataclass(frozen=True)
class Subject:
    """One behaviour and what is said to it.

    Attributes:
        rules: makes one.
        key: of its actor.
        recipients: who its effects go to.
        lives: what senders say.
        begins_ms: Unix time in milliseconds when it begins.
    """

    rules: Callable[[], Behaviour[Any, Any, Any]]
    lives: Lives
    key: str = "key"
    recipients: tuple[str, ...] = ()
    begins_ms: int = make.NOW_MS


def behaviours() -> list[type[Behaviour[Any, Any, Any]]]:
    """Every behaviour of what ships, and the toy of the tests; by name."""
    for package in PRODUCT_PACKAGES:
        root = importlib.import_module(package)
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
    ours = (
        kind
        for kind in _below(Behaviour)
        if kind.__module__.partition(".")[0] in PRODUCT_PACKAGES or kind is BoxRules
    )
    return sorted({kind for kind in ours if not inspect.isabstract(kind)}, key=lambda k: k.__name__)


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _any_of(*commands: Any) -> Lives:
    return st.lists(st.one_of(*commands), min_size=COMMANDS_MIN, max_size=COMMANDS_MAX)


# Partners.


def _partner(partner: Partner) -> Subject:
    scenes = [scene for scene in SCENES.values() if scene.partner is partner]
    steps = st.builds(
        test_partner_contract.request,
        test_partner_contract.STEPS,
        test_partner_contract.KEYS,
        st.sampled_from(scenes),
    )
    return Subject(lambda: embedded_partner(partner, TRAINING), _any_of(steps), "530111")


def _queries_only(partner: Partner) -> Subject:
    """Whoever takes no operations still remembers keys that were given up."""
    steps = st.sampled_from([Abort("k0", "530111"), Commit("k0", "530111"), Abort("k1", "530111")])
    return Subject(lambda: embedded_partner(partner, TRAINING), _any_of(steps), "530111")


# Cases.


class _Told(Story):
    """A case that remembers what it was told."""

    def __init__(self, *of: Any, **given: Any) -> None:
        self.told: list[CaseCommand] = []
        super().__init__(*of, **given)

    def give(self, command: CaseCommand) -> Any:
        self.told.append(command)
        return super().give(command)


def _case(
    product: str, age: int, verdicts: list[desk.Verdict], declined: bool, signs: bool, told: int
) -> Sequence[Any]:
    """What a case is told until it ends, or until `told` commands."""
    refusal = Refusal(Code.CORE_DECLINED, "不予受理。")
    core = FakeCore(declines={"": refusal} if declined else {})
    story = _Told(product, bank=Bank(core), rules=RULES)
    holder = make.person(0, age=age)
    while len(story.told) < told and story.where() not in FINAL_STATES:
        before = len(story.told)
        _next(story, holder, verdicts, signs)
        if before == len(story.told):
            break
    return story.told


def _next(story: _Told, holder: Any, verdicts: list[desk.Verdict], signs: bool) -> None:
    match story.where():
        case State.DRAFT | State.AUTH_RETURNED:
            revision = len(story.case.digests) + 1
            story.file(story.submission(story.values(holder), revision))
        case State.AUTH_QUEUED | State.AUTH_CLAIMED:
            verdict = verdicts.pop() if verdicts else desk.Verdict.APPROVE
            reason = None if verdict is desk.Verdict.APPROVE else desk.Reason.IMAGE_UNCLEAR
            for who in (DESK, SECOND_DESK):
                seen = story.claim(who)
                if isinstance(seen, desk.CaseFile):
                    story.judge(seen, verdict, reason, who=who)
        case State.PREPARED:
            story.show()
        case State.SLIP_SHOWN:
            story.sign() if signs else story.ask(RefuseSlip(story.case_id))
        case State.COMMITTED:
            story.deliver()
        case _:
            story.core()


# Records of customers, and feeds.

_NUMBER = IdNumber(make.person(1).number)
_FACTS = st.dictionaries(
    st.sampled_from(["phone", "holds.card", "consent.place"]), st.sampled_from(["1", "2", ""])
)


def _learned(number: int, profile: dict[str, str]) -> CustomerLearned:
    return CustomerLearned(
        case_id=f"case {number}",
        union=UNION,
        product="debit_card",
        outlet="O1",
        staff_id="T001",
        number=_NUMBER,
        name="李秀英",
        profile=profile,
        at_ms=make.NOW_MS + number,
    )


_FEW = st.integers(0, 4)
_COINS = st.integers(1, 9)
_NOTES = st.sampled_from(["试点", "改回", ""])

SUBJECTS: dict[type[Behaviour[Any, Any, Any]], Subject] = {
    Billers: _partner(Partner.BILLER),
    CardCenter: _partner(Partner.CARD),
    CreditSystem: _partner(Partner.CREDIT),
    SecuritiesBrokers: _partner(Partner.SEC),
    WealthSystem: _partner(Partner.WEALTH),
    Ocrm: _queries_only(Partner.OCRM),
    CoreBank: Subject(
        lambda: CoreBank(training=True), _any_of(test_core_bank.REQUESTS), test_core_bank.UNION
    ),
    CaseBehaviour: Subject(
        lambda: CaseBehaviour(RULES),
        st.builds(
            _case,
            st.sampled_from(["debit_card", "errand", "wishes", "gift"]),
            st.sampled_from([35, 70]),
            st.lists(st.sampled_from(desk.Verdict), max_size=2),
            st.booleans(),
            st.booleans(),
            st.integers(1, 40),
        ),
        key_of(UNION, make.case_id(0)),
        (*Partner, SLIP, CUSTOMER),
    ),
    CustomerRecord: Subject(
        lambda: CustomerRecord(CustomerRules(), ("ecif", "ocrm")),
        _any_of(
            st.builds(_learned, _FEW, _FACTS),
            st.builds(Correct, st.just(_NUMBER), st.just("李秀英"), _FACTS),
            st.just(Review()),
        ),
        customer_key(_NUMBER),
        ("ecif", "ocrm"),
    ),
    Feed: Subject(
        lambda: Feed(ECIF),
        _any_of(st.builds(changed, _FEW, st.sampled_from(["phone", "holds.card"]))),
    ),
    PolicyBook: Subject(
        lambda: PolicyBook(("debit_card",)),
        _any_of(
            st.builds(SetPolicy, st.sampled_from([OUTLET, UNION_POLICY, "="]), _NOTES, _FEW),
            st.builds(RollbackPolicy, _FEW, _NOTES),
        ),
    ),
    Devices: Subject(
        Devices,
        _any_of(test_devices.COMMANDS).map(
            lambda life: [InviteDevice(test_devices.ticket()), test_devices.enrol(), *life]
        ),
        begins_ms=0,
    ),
    DraftRules: Subject(
        lambda: DraftRules(DEVICE),
        _any_of(test_draft.COMMANDS).map(lambda life: [Open(DEBIT_CARD, "T001"), *life]),
        CASE,
        ("identity", "upload", "office"),
    ),
    BoxRules: Subject(
        BoxRules,
        _any_of(
            st.builds(Put, _FEW, _COINS),
            st.builds(PayOut, _FEW, _COINS),
            st.builds(Paid, _FEW),
            st.builds(Label, st.sampled_from("ab")),
            st.just(Nag()),
            st.just(Look()),
        ),
        recipients=("teller",),
    ),
}
"""By the class; whoever writes a behaviour adds it."""


def partners() -> list[type[Behaviour[Any, Any, Any]]]:
    """The behaviours that are embedded partners."""
    return [kind for kind in behaviours() if issubclass(kind, EmbeddedPartner)]
