"""What a union's embedded partners are configured with, and the partners themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from backoffice.partners.biller import BillerPolicy, Billers
from backoffice.partners.card_center import CardCenter, CardPolicy
from backoffice.partners.connections import PartnerRules
from backoffice.partners.core_accounts import CorePolicy
from backoffice.partners.core_bank import CoreBank
from backoffice.partners.credit import CreditSystem
from backoffice.partners.credit_book import CreditPolicy
from backoffice.partners.embedded import EmbeddedPartner
from backoffice.partners.ocrm import Ocrm, OcrmPolicy
from backoffice.partners.operations import Partner
from backoffice.partners.securities import SecuritiesBrokers, SecuritiesPolicy
from backoffice.partners.wealth import WealthPolicy, WealthSystem


class PartnersPolicy(msgspec.Struct, frozen=True):
    """The numbers of all embedded partners; every one of them has a default.

    Attributes:
        training: partners answer for anybody (`backoffice.partners.training`), and accounts open
            with money in them. Never in production.
    """

    training: bool = False
    core: CorePolicy = CorePolicy()
    biller: BillerPolicy = msgspec.field(default_factory=BillerPolicy)
    card: CardPolicy = CardPolicy()
    credit: CreditPolicy = CreditPolicy()
    wealth: WealthPolicy = WealthPolicy()
    sec: SecuritiesPolicy = msgspec.field(default_factory=SecuritiesPolicy)
    ocrm: OcrmPolicy = OcrmPolicy()


def embedded_partner(partner: Partner, policy: PartnersPolicy) -> EmbeddedPartner[Any]:
    """The rules of one partner under a policy."""
    training = policy.training
    match partner:
        case Partner.CORE:
            return CoreBank(policy.core, training=training)
        case Partner.BILLER:
            return Billers(policy.biller, training=training)
        case Partner.CARD:
            return CardCenter(policy.card)
        case Partner.CREDIT:
            return CreditSystem(policy.credit, training=training)
        case Partner.WEALTH:
            return WealthSystem(policy.wealth, training=training)
        case Partner.SEC:
            return SecuritiesBrokers(policy.sec)
        case Partner.OCRM:
            return Ocrm(policy.ocrm, training=training)


def embedded_partners(policy: Callable[[str], PartnersPolicy]) -> dict[Partner, PartnerRules]:
    """All of them, for an office that has nobody outside.

    Args:
        policy: of a union.
    """

    def rules(partner: Partner) -> PartnerRules:
        return lambda union: embedded_partner(partner, policy(union))

    return {partner: rules(partner) for partner in Partner}


__all__ = ["PartnersPolicy", "embedded_partner", "embedded_partners"]
