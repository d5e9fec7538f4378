"""Signing in, the list of products, and the operator's look into the live tree."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.form import Capability, Form
from wire.ids import Label
from wire.message import Request

PAGE_BYTES_MAX: Final = 16 * 1024
"""The most bytes of one page of products, and so of one product."""


class Role(StrEnum):
    """What a device was enrolled as; decides which messages it may send."""

    TERMINAL = "terminal"
    DESK = "desk"
    OPERATOR = "operator"


class StaffCard(msgspec.Struct, frozen=True):
    """A member of staff as others may see them.

    Attributes:
        staff_id: what they sign in with.
        person_id: the human being; one person may have several staff ids.
        name: display name.
        outlet: outlet code.
        union: county union code, the shard key.
        manager: may see the figures of the union.
    """

    staff_id: Label
    person_id: Label
    name: str
    outlet: Label
    union: Label
    manager: bool = False


class SignIn(Request[StaffCard], frozen=True, tag="SignIn"):
    """Bind a member of staff to this device until they sign out; repeating it is harmless."""

    staff_id: Label
    passcode: str

    def __repr__(self) -> str:
        return f"SignIn({self.staff_id!r})"


class SignedOut(msgspec.Struct, frozen=True):
    """Nobody is bound to this device."""


class SignOut(Request[SignedOut], frozen=True, tag="SignOut"):
    """Unbind whoever is signed in on this device."""


class ProductCard(msgspec.Struct, frozen=True):
    """A product as the terminal sees it: titles, form and needs, never its rules.

    `category` says where it stands on the first page: `account`, `payment`, `credit`, `wealth` or
    `customer`. `closed` is why it cannot be begun now, in words; empty where it can.
    """

    code: str
    title_zh: str
    title_en: str
    form: Form
    needs: tuple[Capability, ...]
    category: str = "account"
    closed: str = ""


class Products(msgspec.Struct, frozen=True):
    """One page of what can be offered at this device, in the order of codes.

    Attributes:
        more: others follow, after the last code of these.
    """

    products: tuple[ProductCard, ...]
    more: bool = False


class ListProducts(Request[Products], frozen=True, tag="ListProducts"):
    """Ask for the next page of products; the terminal keeps the whole list for work offline.

    Attributes:
        after: the code that the page begins after; empty for the first page.
    """

    after: str = ""


class TreeSnapshot(msgspec.Struct, frozen=True):
    """The live actor tree, as the JSON document of `supervisors.render`."""

    body: bytes


class GetTree(Request[TreeSnapshot], frozen=True, tag="GetTree"):
    """Look at the live actor tree (operators only)."""


class Invited(msgspec.Struct, frozen=True):
    """A one-time invitation: the text of the QR code."""

    uri: str


class Invite(Request[Invited], frozen=True, tag="Invite"):
    """Prepare the enrolment of one device (operators only)."""

    role: Role
    name: Label
    outlet: Label
    union: Label


class Revoked(msgspec.Struct, frozen=True):
    """The device's keys are refused from now on."""

    device: str


class Revoke(Request[Revoked], frozen=True, tag="Revoke"):
    """Refuse a device from now on and close its sessions (operators only)."""

    device: Label


__all__ = [
    "PAGE_BYTES_MAX",
    "GetTree",
    "Invite",
    "Invited",
    "ListProducts",
    "ProductCard",
    "Products",
    "Revoke",
    "Revoked",
    "Role",
    "SignIn",
    "SignOut",
    "SignedOut",
    "StaffCard",
    "TreeSnapshot",
]
