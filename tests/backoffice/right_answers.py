"""Right answers to any product, and what an office would find when it looks them up.

What partners list comes from `tests.backoffice.products.listings`, else from the embedded partners
of a training office.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from backoffice.cases.intake import Facts, ImageFact
from backoffice.cases.undertaking import filled, planned_lines
from backoffice.configuration.settings import TRAINING_AREA
from backoffice.dossier import Dossier, id_card, other_cards
from backoffice.partners.biller import Billers
from backoffice.partners.card_center import CardCenter
from backoffice.partners.credit import CreditSystem
from backoffice.partners.embedded import EmbeddedPartner
from backoffice.partners.identity_check import IdentityRecorded, person_digest
from backoffice.partners.ocrm import Ocrm
from backoffice.partners.operations import Partner
from backoffice.partners.queries import PartnerQuery
from backoffice.partners.securities import SecuritiesBrokers
from backoffice.partners.wealth import WealthSystem
from backoffice.product import Asking, Product
from tests.backoffice.products.listings import standard
from tests.kit import submissions as make
from wire.checks import Known
from wire.chip_record import ChipRecord
from wire.message import Refusal
from wire.messages.case import SlipLine, Submission
from wire.messages.identity import IdentityChecked, IdentityResult
from wire.messages.lookups import Item
from wire.messages.session import StaffCard
from wire.sound import SoundFacts
from wire.value import (
    AmountValue,
    ColleagueValue,
    IdCardValue,
    ListedValue,
    PhoneValue,
    PhotoValue,
    RecordingValue,
    Value,
)

OUTLET: Final = "O1"
COLLEAGUE: Final = StaffCard("T002", "P2", "周敏", OUTLET, "530102")

_TRAINING: Final[Mapping[Partner, EmbeddedPartner[Any]]] = {
    Partner.BILLER: Billers(training=True),
    Partner.CARD: CardCenter(),
    Partner.CREDIT: CreditSystem(training=True),
    Partner.WEALTH: WealthSystem(training=True),
    Partner.SEC: SecuritiesBrokers(),
    Partner.OCRM: Ocrm(training=True),
}

_MATCHES: Final = (IdentityResult.MATCH, IdentityResult.MATCH_WITHOUT_PHOTO)


USUAL: Mapping[str, Value] = {"income": AmountValue(59_000_00)}
"""What is answered alike whatever the seed: a little less than the usual farmer file says."""


def right_values(
    product: Product, seed: int | str = 0, holder: ChipRecord | None = None
) -> dict[str, Value]:
    """A right answer to every required field."""

    def choose(name: str, values: Mapping[str, Value]) -> ListedValue:
        items = offered(product, values)[name]
        assert items, f"{product.code}: nothing is listed at {name}"
        return items[0].chosen()

    values = make.values_for(product.form, seed, holder=holder, choose=choose)
    usual = {name: one for name, one in USUAL.items() if type(values.get(name)) is type(one)}
    return values | usual


def offered(product: Product, values: Mapping[str, Value]) -> dict[str, tuple[Item, ...]]:
    """What the office would list now at each field, for these answers."""
    card = values.get("id_card")
    number = card.number if isinstance(card, IdCardValue) else None
    asking = Asking(number, OUTLET, dict(values), make.NOW_MS, product.terms)
    found = {}
    for field, ask in product.listings.items():
        query = ask(asking)
        found[field] = () if isinstance(query, Refusal) else _listed(query)
    return found


def _listed(query: PartnerQuery) -> tuple[Item, ...]:
    usual = standard(query)
    if usual is not None:
        return (usual,)
    partner = _TRAINING[query.partner]
    items: tuple[Item, ...] = partner.found(partner.initial("530102"), query, make.NOW_MS)
    return items


def facts_for(asked: Product, submission: Submission, **changes: Any) -> Facts:
    """What the office would find for a right submission.

    `result` is the register's answer about the customer, `others` what it says of other persons.
    """
    values = submission.values.values()
    photos = [value for value in values if isinstance(value, PhotoValue)]
    sounds = [value for value in values if isinstance(value, RecordingValue)]
    images = {photo.digest: ImageFact(photo.size) for photo in photos}
    for sound in sounds:
        measured = SoundFacts(sound.size, sound.duration_ms)
        images[sound.digest] = ImageFact(sound.size, sound=measured)
    right = Facts(
        product=asked,
        identity=_identity(submission, changes.pop("result", IdentityResult.MATCH)),
        identities=_identities(submission, changes.pop("others", IdentityResult.MATCH)),
        images=images,
        area=TRAINING_AREA,
        posture=Known.YES,
        stock=Known.YES,
        listed=offered(asked, submission.values),
        colleagues={v.reference: COLLEAGUE for v in values if isinstance(v, ColleagueValue)},
        proofs={v.proof: v.phone for v in values if isinstance(v, PhoneValue)},
    )
    return msgspec.structs.replace(right, **changes)


def _identity(submission: Submission, result: IdentityResult) -> IdentityRecorded | None:
    """The stored answer of the register about whoever the submission is for."""
    card = id_card(submission)
    if card is None:
        return None
    return _recorded(submission, card, result, submission.identity_reference)


def _identities(submission: Submission, result: IdentityResult) -> dict[str, IdentityRecorded]:
    """The stored answers about everybody else."""
    return {
        name: _recorded(submission, card, result, f"{submission.case_id}#{number}")
        for number, (name, card) in enumerate(other_cards(submission).items(), start=2)
    }


def _recorded(
    submission: Submission, card: IdCardValue, result: IdentityResult, reference: str
) -> IdentityRecorded:
    name = card.name if result in _MATCHES else ""
    answer = IdentityChecked(result, reference, submission.captured_ms - 60_000, name)
    digest = person_digest(card.number.number, card.name)
    return IdentityRecorded(digest, submission.device, answer)


def slip_of(product: Product, dossier: Dossier, **facts: str) -> tuple[SlipLine, ...]:
    """What the product wants on the slip, with what the partners said."""
    return filled(planned_lines(dossier, product), facts)


__all__ = ["COLLEAGUE", "OUTLET", "facts_for", "offered", "right_values", "slip_of"]
