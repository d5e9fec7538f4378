"""Everything that answering a peer takes, in one hand: the office's services behind its door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from actors import ActorError, Refused
from actors.blobs import Blobs
from actors.durable import Commanded
from actors.ports import Outside
from actors.ref import Ref
from actors.store import Store
from backoffice.authorization.levels import Level
from backoffice.cases.commands import Caller
from backoffice.configuration.settings import Settings
from backoffice.customers.branch import CustomersBranch
from backoffice.forms import Forms
from backoffice.hsm import SecurityModule
from backoffice.images import ImageDesk
from backoffice.lookups.colleague import ColleagueDesk
from backoffice.lookups.listing import ListingDesk
from backoffice.lookups.phone_proof import PhoneDesk
from backoffice.lookups.suggestion import SuggestionDesk
from backoffice.management.manager import ManagersDesk
from backoffice.partners.identity_check import IdentityDesk
from backoffice.peers.devices import Device, GetDevice
from backoffice.product import Product
from backoffice.slips.desk import SlipDesk
from backoffice.staff import Roster
from wire.checks import Known
from wire.keys import DeviceKeys
from wire.message import Code, Message, Refusal, Request

ReplyT = TypeVar("ReplyT")

ANSWER_S_MAX: Final = 10.0
"""How long an actor of the office may take to answer a peer's request, in seconds."""

BUSY: Final = Refusal(Code.BUSY, "系统繁忙，请稍后重试", retryable=True)
"""The outcome is unknown; the same request may be sent again."""

SIGN_IN_FIRST: Final = Refusal(Code.FORBIDDEN, "请先登录")


Postures = Callable[[str], Known]
"""Device → whether it is as its management wants it, as far as anybody knows."""


class Keyed(Protocol):
    """A pool of actors by key."""

    def ref(self, key: str) -> Ref:
        """The actor of that key; it comes to life with its next message."""


def pool_key(union: str, case_id: str) -> str:
    """How the pool of cases knows a case: keys of pools hold no slash."""
    return f"{union}.{case_id}"


@dataclass(frozen=True)
class Office:
    """The services.

    Attributes:
        keys: the office's own identity; its signing key countersigns slips.
        devices: the device registry.
        cases: business cases by `pool_key`.
        queue: the authorization queue of a union.
        policy: the book of routing policies.
        posture: whether a device is as its management wants it.
        customers: what is known about people, and what to offer them.
        managers: counts figures.
        slips: draws them.
        forms: every form that was ever filled.
        close_session: ends a device's session after its revocation.
        tree: the live actor tree as JSON.
        address: where the office listens, for invitations; set once it does.
    """

    outside: Outside
    store: Store
    keys: DeviceKeys
    devices: Ref
    cases: Keyed
    queue: Callable[[str], Ref]
    policy: Ref
    posture: Postures
    customers: CustomersBranch
    managers: ManagersDesk
    slips: SlipDesk
    roster: Roster
    identity: IdentityDesk
    images: ImageDesk
    blobs: Blobs
    listings: ListingDesk
    colleagues: ColleagueDesk
    phones: PhoneDesk
    suggestions: SuggestionDesk
    settings: Settings
    security: SecurityModule
    products: dict[str, Product]
    forms: Forms
    close_session: Callable[[Device], None]
    tree: Callable[[], bytes]
    address: Callable[[], str]

    async def device(self, device: str) -> Device | Refusal:
        """The registry's word on a device, now: who is signed in, whether it is revoked."""
        found = await self.ask(self.devices, "office", GetDevice(device))
        if isinstance(found, Device) and found.revoked:
            return Refusal(Code.FORBIDDEN, "该设备已被停用")
        return found

    async def ask(self, ref: Ref, who: str, request: Request[ReplyT] | Message) -> ReplyT | Refusal:
        """Command a durable actor; a timeout or crash is `BUSY`: unknown, and safe to repeat."""
        commanded: Commanded[ReplyT] = Commanded(who, request)
        try:
            return await ref.ask(commanded, within=ANSWER_S_MAX)
        except Refused as refused:
            return refused.refusal
        except ActorError:
            return BUSY

    async def ask_case(
        self, union: str, case_id: str, who: str, request: Request[ReplyT]
    ) -> ReplyT | Refusal:
        """Command a case of a union."""
        return await self.ask(self.cases.ref(pool_key(union, case_id)), who, request)

    def caller(self, device: Device) -> Caller | Refusal:
        """Who asks from a device: the member of staff signed in there, with their level."""
        if device.staff is None:
            return SIGN_IN_FIRST
        member = self.roster.member(device.staff.staff_id)
        if member is None:
            return Refusal(Code.FORBIDDEN, "该工号已停用，请重新登录")
        return Caller(
            member.card, device.device, device.signing, Level[member.level], member.skills
        )


__all__ = ["ANSWER_S_MAX", "BUSY", "SIGN_IN_FIRST", "Keyed", "Office", "Postures", "pool_key"]
