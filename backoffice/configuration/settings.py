"""The configuration of an office: every number that a bank may change, typed, per county union.

One TOML file; nothing in it is required. A section is the keys of one Struct, which says its types,
defaults and bounds, so that what a rule reads and what a file may say cannot drift apart:

    [limits]                           the checks of forms and submissions
    [territory]                        where a union works
    [policy]                           thresholds of authorization
    [desk_hours]                       when the desks work, holidays and all
    [terms]                            patience with people and partners
    [lookups]                          what a terminal may look up
    [partners], [partners.core], …     the embedded partners
    [products]                         which services are switched off
    [products.debit_card]              a product's own numbers
    [ports]                            what stands behind each port, or that nothing does
    [feeds], [sms]                     where the outside systems are
    [passcodes]                        how often somebody may be wrong about one
    [blobs]                            how much room photos and recordings may take
    [union."530111".limits]            any of these again, for one union

How a file is read is `backoffice.configuration.file`'s business. It is read once; a change needs a
restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeVar

import msgspec

from actors.blobs import BlobTerms
from backoffice.authorization.hours import DeskHours, Desks
from backoffice.authorization.levels import Thresholds
from backoffice.cases.terms import Terms as CaseTerms
from backoffice.customers.rules import CustomerRules
from backoffice.customers.sinks import FeedTerms
from backoffice.dossier import Terms as ProductTerms
from backoffice.lookups.terms import LookupTerms
from backoffice.management.figures import ManagementTerms
from backoffice.partners.connections import TITLES, Ports, not_connected
from backoffice.partners.policy import PartnersPolicy
from backoffice.partners.sms import SmsTerms
from backoffice.product import Product
from backoffice.throttle import PasscodeTerms
from wire.checks import Area, Known, Limits, Nowhere
from wire.message import Refusal
from wire.messages.session import ProductCard

T = TypeVar("T", bound=msgspec.Struct)

UNION: Final = "union"
"""The table of what differs in a union."""

OFFICE_WIDE: Final = frozenset({"customers", "feeds", "ports", "passcodes", "blobs"})
"""Sections that no union can change: a person has one record, a consumer one feed, an outside
system one connection, a member of staff one passcode and the office one disk, whichever unions
they come from."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Which services are offered.

    Attributes:
        disabled: codes of the products that are switched off: not listed, and refused.
    """

    disabled: tuple[str, ...] = ()


class Territory(msgspec.Struct, frozen=True, kw_only=True):
    """Where a union works.

    Attributes:
        box: `{ south_e6, west_e6, north_e6, east_e6 }`, degrees × 10⁶ (WGS 84). A case captured
            outside needs A3; where it is not set nobody knows, and every case needs A3.
    """

    box: Area | None = None


SECTIONS: Final[dict[str, type[msgspec.Struct]]] = {
    "limits": Limits,
    "territory": Territory,
    "policy": Thresholds,
    "desk_hours": DeskHours,
    "terms": CaseTerms,
    "lookups": LookupTerms,
    "partners": PartnersPolicy,
    "products": Offer,
    "customers": CustomerRules,
    "management": ManagementTerms,
    "feeds": FeedTerms,
    "sms": SmsTerms,
    "ports": Ports,
    "passcodes": PasscodeTerms,
    "blobs": BlobTerms,
}
"""Every section but the products' own, by its dotted name; a new one is a new line here."""

Sections = Mapping[str, msgspec.Struct]
"""What is in force, by section."""


@dataclass(frozen=True)
class UnionSettings:
    """What is in force in one union.

    Attributes:
        sections: everything, by section.
        catalogue: every product with its defaults.
    """

    sections: Sections
    catalogue: Mapping[str, Product] = field(repr=False)

    def section(self, kind: type[T]) -> T:
        """The section of a type that a union may change, for instance `section(Limits)`."""
        return _of_type(kind, {n: one for n, one in self.sections.items() if n not in OFFICE_WIDE})

    @cached_property
    def limits(self) -> Limits:
        """Bounds of the checks."""
        return self.section(Limits)

    @cached_property
    def thresholds(self) -> Thresholds:
        """Thresholds of authorization."""
        return self.section(Thresholds)

    @property
    def area(self) -> Area | Nowhere:
        """Where the union works, as far as it is set."""
        box = self.section(Territory).box
        return Known.UNKNOWN if box is None else box

    @cached_property
    def terms(self) -> CaseTerms:
        """How long a case waits."""
        return self.section(CaseTerms)

    @cached_property
    def lookups(self) -> LookupTerms:
        """Bounds of look-ups."""
        return self.section(LookupTerms)

    @cached_property
    def partners(self) -> PartnersPolicy:
        """What the embedded partners are configured with."""
        return self.section(PartnersPolicy)

    @cached_property
    def products(self) -> Mapping[str, Product]:
        """Every product by code, with the numbers that are in force here."""
        known = dict(self.catalogue)
        for code, product in self.catalogue.items():
            terms = self.sections.get(product.section)
            if isinstance(terms, ProductTerms):
                known[code] = product.under(terms)
        return known

    @cached_property
    def offered(self) -> Mapping[str, Product]:
        """The products that are not switched off, and for which everybody is connected."""
        switched_on = self._switched_on
        return {code: one for code, one in switched_on.items() if code not in self.closed}

    @cached_property
    def closed(self) -> Mapping[str, Refusal]:
        """The products that would be offered if everybody were connected: what is said instead."""
        refused = _of_type(Ports, self.sections).refused
        return {
            code: not_connected(min(one.parties & refused, key=list(TITLES).index))
            for code, one in self._switched_on.items()
            if one.parties & refused
        }

    @property
    def cards(self) -> tuple[ProductCard, ...]:
        """What a terminal lists, in the order of codes; those that are closed say why."""
        cards = {code: one.card for code, one in self._switched_on.items()}
        for code, refusal in self.closed.items():
            cards[code] = msgspec.structs.replace(cards[code], closed=refusal.message)
        return tuple(cards[code] for code in sorted(cards))

    @property
    def _switched_on(self) -> dict[str, Product]:
        disabled = self.section(Offer).disabled
        return {code: one for code, one in self.products.items() if code not in disabled}


class Settings:
    """The configuration of an office.

    Args:
        products: the catalogue.
        base: what differs from the defaults everywhere, by section.
        unions: what differs from that in a union, by section.
    """

    def __init__(
        self,
        products: Mapping[str, Product],
        base: Sections | None = None,
        unions: Mapping[str, Sections] | None = None,
    ) -> None:
        self._products = products
        self._base = {**defaults(products), **(base or {})}
        self._unions = unions or {}
        self._resolved: dict[str, UnionSettings] = {}

    def shared(self, kind: type[T]) -> T:
        """The section of a type that is the same for the whole office."""
        return _of_type(kind, {name: self._base[name] for name in OFFICE_WIDE})

    @property
    def catalogue(self) -> Mapping[str, Product]:
        """Every product with its defaults."""
        return self._products

    @property
    def base(self) -> UnionSettings:
        """What is in force where a union changes nothing."""
        return self.for_union("")

    @property
    def unions(self) -> tuple[str, ...]:
        """The unions that change something."""
        return tuple(sorted(self._unions))

    def desks(self, union: str) -> Desks:
        """When the desks work that may have to decide a union's cases."""
        own = self.for_union(union)
        centre = self.for_union(own.thresholds.centre)
        return Desks(own.section(DeskHours), centre.section(DeskHours))

    def for_union(self, union: str) -> UnionSettings:
        """What is in force in a union; made when first asked for."""
        known = union if union in self._unions else ""
        if known not in self._resolved:
            sections = {**self._base, **self._unions.get(known, {})}
            self._resolved[known] = UnionSettings(sections, self._products)
        return self._resolved[known]


def _of_type(kind: type[T], sections: Sections) -> T:
    return next(one for one in sections.values() if type(one) is kind)


TRAINING_AREA: Final = Area(24_380_000, 102_160_000, 26_550_000, 103_680_000)
"""Kunming, where a training office's union works and its virtual terminals stand."""


def for_training(settings: Settings) -> Settings:
    """The same with embedded partners that know everybody, in a place that is known; for training
    offices and tests.
    """

    def trained(sections: Sections) -> Sections:
        partners = sections.get("partners")
        assert isinstance(partners, PartnersPolicy), "every office has partners"
        territory = sections.get("territory", Territory())
        assert isinstance(territory, Territory), "every union has one"
        return {
            **sections,
            "partners": msgspec.structs.replace(partners, training=True),
            "territory": territory if territory.box else Territory(box=TRAINING_AREA),
        }

    base = settings.base
    unions = {union: trained(settings.for_union(union).sections) for union in settings.unions}
    return Settings(settings.catalogue, trained(base.sections), unions)


def defaults(products: Mapping[str, Product]) -> dict[str, msgspec.Struct]:
    """Every section as it is without a file."""
    sections = {name: kind() for name, kind in SECTIONS.items()}
    for product in products.values():
        if msgspec.structs.fields(product.terms):
            sections[product.section] = product.terms
    return sections


__all__ = [
    "OFFICE_WIDE",
    "SECTIONS",
    "TRAINING_AREA",
    "UNION",
    "Offer",
    "Settings",
    "Territory",
    "UnionSettings",
    "defaults",
    "for_training",
]
