"""The embedded securities brokers: who may open an account, and which were opened.

A broker looks at an application only when it is final, so it may refuse at COMMIT; then nothing was
opened. No trading, no settlement, no money.
"""

from __future__ import annotations

import msgspec

from actors.durable.persistent import PersistentMap
from backoffice.partners.embedded import (
    CommittedOperation,
    EmbeddedPartner,
    Open,
    PartnerState,
    ReversedOperation,
)
from backoffice.partners.listing import facts_of
from backoffice.partners.operations import OpenSecurities, Operation, Partner
from backoffice.partners.queries import Brokers, PartnerQuery
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item


class Broker(msgspec.Struct, frozen=True):
    """One broker."""

    title_zh: str
    title_en: str


class SecuritiesPolicy(msgspec.Struct, frozen=True):
    """What the embedded brokers are configured with.

    Attributes:
        brokers: by code.
        accounts_max: how many accounts one person may have, with all brokers.
        refusing: codes of brokers that refuse every COMMIT, for drills.
    """

    brokers: dict[str, Broker] = msgspec.field(
        default_factory=lambda: {
            "DX": Broker("滇西证券", "Dianxi Securities"),
            "CS": Broker("苍山证券", "Cangshan Securities"),
            "LJ": Broker("澜江证券", "Lanjiang Securities"),
        }
    )
    accounts_max: int = 3
    refusing: tuple[str, ...] = ()


class Account(msgspec.Struct, frozen=True):
    """One securities account."""

    account: str
    broker: str
    level: str
    opened_ms: int


class SecuritiesState(PartnerState, frozen=True):
    """What the brokers of one union know: accounts by ID number."""

    accounts: PersistentMap[str, tuple[Account, ...]] = PersistentMap()


class SecuritiesBrokers(EmbeddedPartner[SecuritiesState]):
    """The rules of the embedded brokers."""

    partner = Partner.SEC
    state_type = SecuritiesState
    commit_may_fail = True

    def __init__(self, policy: SecuritiesPolicy | None = None) -> None:
        self._policy = policy or SecuritiesPolicy()

    def initial(self, key: str) -> SecuritiesState:
        """No accounts."""
        return SecuritiesState(key)

    def objection(
        self, state: SecuritiesState, operation: Operation, now_ms: int
    ) -> Refusal | None:
        """A known broker, one account with each, so many in all, a rated customer."""
        asked = _asked(operation)
        if asked.broker not in self._policy.brokers:
            return Refusal(Code.NOT_FOUND, "没有这家证券公司", "broker")
        if not asked.level:
            return Refusal(Code.SUITABILITY, "客户尚未完成风险评估", "broker")
        holder = asked.customer.number.number
        with_brokers = [account.broker for account in state.accounts.get(holder, ())]
        with_brokers += [
            _asked(other.operation).broker
            for other in state.open.values()
            if _asked(other.operation).customer.number.number == holder
        ]
        if asked.broker in with_brokers:
            return Refusal(Code.DUPLICATE, "该客户已在这家证券公司开户", "broker")
        if len(with_brokers) >= self._policy.accounts_max:
            most = self._policy.accounts_max
            return Refusal(Code.LIMIT, f"同一客户最多开立{most}个证券账户", "id_card")
        return None

    def number(self, state: SecuritiesState, operation: Operation) -> str:
        """The account's number."""
        return f"{_asked(operation).broker}{state.union}{len(state.entries) + 1:06d}"

    def commit_objection(self, state: SecuritiesState, opened: Open, now_ms: int) -> Refusal | None:
        """The broker may not want this customer."""
        if _asked(opened.operation).broker in self._policy.refusing:
            return Refusal(Code.CORE_DECLINED, "证券公司未通过开户申请", "broker")
        return None

    def receipt(self, state: SecuritiesState, opened: Open, now_ms: int) -> dict[str, str]:
        """The account's number."""
        return {"securities_account": opened.number}

    def committed(
        self, state: SecuritiesState, opened: Open, event: CommittedOperation
    ) -> SecuritiesState:
        """The account is open."""
        asked = _asked(opened.operation)
        account = Account(opened.number, asked.broker, asked.level, event.at_ms)
        holder = asked.customer.number.number
        accounts = state.accounts.put(holder, (*state.accounts.get(holder, ()), account))
        return msgspec.structs.replace(state, accounts=accounts)

    def reversed(
        self, state: SecuritiesState, undone: Open, event: ReversedOperation
    ) -> SecuritiesState:
        """The account is closed again."""
        holder = _asked(undone.operation).customer.number.number
        accounts = state.accounts.get(holder, ())
        left = tuple(account for account in accounts if account.account != undone.number)
        return msgspec.structs.replace(state, accounts=state.accounts.put(holder, left))

    def found(self, state: SecuritiesState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """The brokers that the person has no account with yet; none when they have enough."""
        assert isinstance(query, Brokers)
        accounts = state.accounts.get(query.number.number, ())
        if len(accounts) >= self._policy.accounts_max:
            return ()
        taken = {account.broker for account in accounts}
        return tuple(
            Item(
                code,
                broker.title_zh,
                broker.title_en,
                lines=(SlipLine("已开户数", "Accounts", str(len(accounts))),),
                facts=facts_of(accounts=len(accounts)),
            )
            for code, broker in self._policy.brokers.items()
            if code not in taken
        )


def _asked(operation: Operation) -> OpenSecurities:
    assert isinstance(operation, OpenSecurities)
    return operation


__all__ = ["Account", "Broker", "SecuritiesBrokers", "SecuritiesPolicy", "SecuritiesState"]
