"""Every port of the office: who stands behind it, or that nobody does, and then it is refused.

Outside training nothing is made up. The configuration says of every port which adapter serves it,
or that it is `"refused"`; a port of which it says neither keeps the office from starting. Whatever
needs a refused port is not offered, with the reason in words, and nobody is asked there otherwise.
The embedded register, partners and messages are a training office's alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from backoffice.partners.conduct import Conduct, Manner, Party, Service
from backoffice.partners.embedded import EmbeddedPartner
from backoffice.partners.identity_check import PopulationRegister
from backoffice.partners.operations import Partner
from backoffice.partners.sms import ShortMessages
from wire.message import Code, Refusal

REFUSED: Final = "refused"
"""What is written of a port that nothing stands behind."""

DRILLS: Final[Mapping[str, Conduct]] = {
    one.value: Conduct(one) for one in (Manner.DOWN, Manner.STALLED)
}
"""What is written, for a drill in a training office, of a port behind which something is wrong."""

HTTP: Final = "http"
"""What is written of text messages that a gateway takes."""

TITLES: Final[Mapping[Party, tuple[str, str]]] = {
    Service.IDV: ("联网核查", "identity checks"),
    Service.SMS: ("短信", "text messages"),
    Partner.CORE: ("核心系统", "the core bank"),
    Partner.BILLER: ("缴费系统", "billers"),
    Partner.CARD: ("信用卡中心", "the card centre"),
    Partner.CREDIT: ("信贷系统", "the credit system"),
    Partner.WEALTH: ("理财系统", "the wealth system"),
    Partner.SEC: ("证券公司", "brokers"),
    Partner.OCRM: ("客户关系系统", "customer relations"),
}
"""Every port by what it is called, in Chinese and English."""

Choice = Literal["", "refused", "down", "stalled"]
SmsChoice = Literal["", "refused", "down", "http"]


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Who serves each port: an adapter, or `refused`. Outside training every one has to be said; a
    training office embeds what is left empty. For a drill there, what is `down` hears nothing, and
    what is `stalled` takes what is to be reserved, and hears nothing of that afterwards.

    Attributes:
        idv: identity checks with the population register (联网核查).
        sms: text messages; `http` for the gateway of `[sms]`.
        core: accounts, cards and money.
        biller: bills to pay.
        card: credit cards.
        credit: farmer files, loans and contracts.
        wealth: wealth products and risk ratings.
        sec: securities accounts.
        ocrm: campaigns, surveys and templates.
    """

    idv: Choice = ""
    sms: SmsChoice = ""
    core: Choice = ""
    biller: Choice = ""
    card: Choice = ""
    credit: Choice = ""
    wealth: Choice = ""
    sec: Choice = ""
    ocrm: Choice = ""

    @property
    def refused(self) -> frozenset[Party]:
        """Those behind which nothing stands."""
        return frozenset(party for party in TITLES if getattr(self, party) == REFUSED)

    @property
    def drills(self) -> Mapping[Party, Conduct]:
        """Those that misbehave, as a drill, and how."""
        said = {party: getattr(self, party) for party in TITLES}
        return {party: DRILLS[word] for party, word in said.items() if word in DRILLS}

    @property
    def unsaid(self) -> tuple[Party, ...]:
        """Those of which nothing is written."""
        return tuple(party for party in TITLES if not getattr(self, party))


class NotConnected(Exception):
    """Ports of which the configuration says nothing; the message names each key to write."""

    def __init__(self, unsaid: tuple[Party, ...]) -> None:
        self.unsaid = unsaid
        lines = [
            f'  {party} = "{REFUSED}"   # {TITLES[party][0]} · {TITLES[party][1]}'
            for party in unsaid
        ]
        head = (
            "非培训环境须逐项写明外部系统如何接入，未接入的写 refused；请在配置文件中补充："
            " · Outside training the configuration says of every port who serves it, or that it is"
            " refused. Add to the file of --config:"
        )
        super().__init__("\n".join([head, "", "  [ports]", *lines]))


def not_connected(party: Party) -> Refusal:
    """The refusal of whatever needs a port behind which nothing stands."""
    return Refusal(Code.FORBIDDEN, f"本机构尚未接入{TITLES[party][0]}，暂不能办理。")


PartnerRules = Callable[[str], EmbeddedPartner[Any]]
"""Union → the rules of its partner."""


@dataclass(frozen=True, kw_only=True)
class Connections:
    """What stands behind the ports.

    Attributes:
        register: answers identity checks; None for nobody.
        sms: the gateway of a union; None for none.
        partners: those that are there.
    """

    register: PopulationRegister | None
    sms: Callable[[str], ShortMessages] | None
    partners: Mapping[Partner, PartnerRules]

    def without(self, refused: frozenset[Party]) -> Connections:
        """The same where nothing stands behind some of them."""
        return Connections(
            register=None if Service.IDV in refused else self.register,
            sms=None if Service.SMS in refused else self.sms,
            partners={one: rules for one, rules in self.partners.items() if one not in refused},
        )

    @property
    def refused(self) -> Mapping[Party, Refusal]:
        """Whom nobody can ask, and what is said instead."""
        there: set[Party] = set(self.partners)
        there |= {Service.IDV} if self.register is not None else set()
        there |= {Service.SMS} if self.sms is not None else set()
        return {party: not_connected(party) for party in TITLES if party not in there}


__all__ = [
    "HTTP",
    "REFUSED",
    "TITLES",
    "Connections",
    "NotConnected",
    "PartnerRules",
    "Ports",
    "not_connected",
]
