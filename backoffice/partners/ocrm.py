"""The embedded OCRM: templates, survey waves and campaigns, as far as a tablet asks for them.

It answers queries and takes no operations; what surveys and checks found comes to it by its feed
(`backoffice.customers.feed`). Waves run by the quarter, campaigns for as long as their
policy names them. Whoever does not want to hear of campaigns is offered none.
"""

from __future__ import annotations

from typing import Final

import msgspec

from backoffice.partners import training
from backoffice.partners.embedded import EmbeddedPartner, PartnerState
from backoffice.partners.listing import day_line, facts_of
from backoffice.partners.operations import Operation, Partner
from backoffice.partners.queries import Campaigns, PartnerQuery, SurveyTargets, Templates
from wire.masked import IdNumber
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item

TARGETS: Final = 8
"""How many people each outlet of a training office is to ask in one wave."""

_NAMES: Final = "李王张杨赵段和木"
_VILLAGES: Final = ("大沙田村", "小沙田村", "中坝村", "石门社区", "老寨")


class Template(msgspec.Struct, frozen=True):
    """A template of information collection; `kind` empty serves every kind.

    Attributes:
        until_ms: it may be used until then; 0 is for good.
    """

    template: str
    version: int
    title_zh: str
    title_en: str
    kind: str = ""
    until_ms: int = 0


class Campaign(msgspec.Struct, frozen=True):
    """A campaign and the version of its materials."""

    campaign: str
    materials: int
    title_zh: str
    title_en: str


class OcrmPolicy(msgspec.Struct, frozen=True):
    """What the embedded OCRM is configured with.

    Attributes:
        do_not_contact: who does not want to hear of campaigns.
    """

    templates: tuple[Template, ...] = (
        Template("household", 2, "农户基本情况采集", "Household basics"),
        Template("merchant", 1, "个体工商户采集", "Small merchants"),
    )
    campaigns: tuple[Campaign, ...] = (
        Campaign("spring", 3, "春耕贷款宣传", "Loans for the spring sowing"),
        Campaign("mobile", 1, "手机银行推广", "Mobile banking"),
    )
    do_not_contact: tuple[IdNumber, ...] = ()


class Ocrm(EmbeddedPartner[PartnerState]):
    """The embedded OCRM.

    Args:
        training: every outlet has people to ask.
    """

    partner = Partner.OCRM
    state_type = PartnerState

    def __init__(self, policy: OcrmPolicy | None = None, *, training: bool = False) -> None:
        self._policy = policy or OcrmPolicy()
        self._training = training

    def initial(self, key: str) -> PartnerState:
        """Nothing is kept."""
        return PartnerState(key)

    def objection(self, state: PartnerState, operation: Operation, now_ms: int) -> Refusal | None:
        """Nothing can be prepared here."""
        return Refusal(Code.FORMAT, "客户关系系统不办理此项业务，请联系系统管理员")

    def found(self, state: PartnerState, query: PartnerQuery, now_ms: int) -> tuple[Item, ...]:
        """What runs now."""
        match query:
            case Templates(kind=kind):
                items = (one for one in self._policy.templates if one.kind in ("", kind))
                return tuple(_template_item(one, now_ms) for one in items if _usable(one, now_ms))
            case SurveyTargets(outlet=outlet):
                return _targets(outlet, now_ms) if self._training else ()
            case Campaigns(number=number):
                contact = number not in self._policy.do_not_contact
                return tuple(map(_campaign_item, self._policy.campaigns)) if contact else ()
            case _:
                raise AssertionError(query)


def _usable(template: Template, now_ms: int) -> bool:
    return template.until_ms == 0 or now_ms < template.until_ms


def _template_item(template: Template, now_ms: int) -> Item:
    until_ms = template.until_ms or training.month_end_ms(now_ms) + 365 * training.DAY_MS
    facts = facts_of(template=template.template, version=template.version, until_ms=until_ms)
    return Item(
        f"{template.template}@{template.version}",
        template.title_zh,
        template.title_en,
        lines=(day_line("可用至", "Until", until_ms),),
        facts=facts,
    )


def _targets(outlet: str, now_ms: int) -> tuple[Item, ...]:
    """A training outlet's people, to be told apart by village and ID tail; no names are behind."""
    year, month = training.month(now_ms)
    wave = f"{year}Q{(month + 2) // 3}"
    items = []
    for n in range(TARGETS):
        key = f"{outlet}/{wave}/{n}"
        target = f"KH{training.name_of('target', key)}"
        name = f"{_NAMES[training.draw('name', key, len(_NAMES))]}*"
        facts = facts_of(wave=wave, target=target)
        village = _VILLAGES[training.draw("village", key, len(_VILLAGES))]
        lines = (
            SlipLine("住址", "Lives in", village),
            SlipLine("证件尾号", "ID tail", f"{training.draw('tail', key, 10_000):04d}"),
        )
        items.append(Item(f"{wave}:{target}", name, name, lines=lines, facts=facts))
    return tuple(items)


def _campaign_item(campaign: Campaign) -> Item:
    return Item(
        f"{campaign.campaign}@{campaign.materials}",
        campaign.title_zh,
        campaign.title_en,
        facts=facts_of(campaign=campaign.campaign, materials=campaign.materials),
    )


__all__ = ["Campaign", "Ocrm", "OcrmPolicy", "Template"]
