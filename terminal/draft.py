"""A case as the tablet knows it: what was captured, what is owed to the office, what it answered.

Pure state; what may happen to it is `terminal.draft_rules`, what that makes of it
`terminal.draft_changes`. The office decides: its `CaseView` overrules everything that the tablet
believes.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

from terminal.draft_events import Evidence
from terminal.table_rows import DroppedRow
from wire.case_state import FINAL_STATES, State
from wire.checks import LIMITS, asked_fields, customer_field, settle
from wire.codec import encode
from wire.form import Field
from wire.ink import Signature
from wire.message import Refusal
from wire.messages.case import CaseView, Place, Slip, Step, Submission
from wire.messages.identity import IdentityChecked
from wire.messages.session import ProductCard
from wire.value import IdCardValue, PhotoValue, RecordingValue, Value

EDITABLE_STATES: Final = frozenset({State.DRAFT, State.IDENTIFIED})
"""States in which the teller may still change what was captured."""

UNSIGNED: Final = frozenset({State.PREPARED, State.SLIP_SHOWN})
"""States of the office in which giving up releases what was reserved."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """One case on the tablet.

    Attributes:
        product: as it was when the case was opened, or last offered before it was submitted; None
            before that.
        revision: counts submissions; rises when a returned case is reopened.
        rows: the ids of a table's rows, by field, in the order of the rows.
        dropped: rows that were taken out last, to be brought back.
        uploaded: digests of photos and recordings that the office has.
        pins: fields whose PIN block is waiting in the `pins` document.
        bound: what each answer and PIN was given for, by field (`wire.checks.binding`).
        wanted: the teller handed the case over and nothing was refused since.
        problem: why the last errand was refused, or None.
        marks: what the authorizer who sent the case back said of single answers, by field; each
            until that answer is another one.
        view: the office's newest word, or None before the first submission was taken.
        wanted_ms: when the teller handed it over.
        link_kbps: how fast photos went up then.
        live: the photo that the authorizer asked for, while it is on its way.
        deferred: the customer did not wait for the authorization.
        following: fields whose photos cannot be taken now and are to follow the next day.
        rescan: photos that the case owes and that have been taken, by field.
        rescan_given: they were handed in and not refused since.
        slip_refused: the customer did not want it after all, and the office is told.
    """

    case_id: str
    product: ProductCard | None = None
    staff_id: str = ""
    revision: int = 1
    values: dict[str, Value] = {}
    rows: dict[str, tuple[str, ...]] = {}
    dropped: tuple[DroppedRow, ...] = ()
    uploaded: frozenset[bytes] = frozenset()
    pins: frozenset[str] = frozenset()
    bound: dict[str, bytes] = {}
    identity: IdentityChecked | None = None
    trail: tuple[Step, ...] = ()
    place: Place | None = None
    wanted: bool = False
    wanted_ms: int = 0
    link_kbps: int = 0
    deferred: bool = False
    following: frozenset[str] = frozenset()
    rescan: dict[str, PhotoValue] = {}
    rescan_given: bool = False
    live: PhotoValue | None = None
    slip_seen: bool = False
    slip_refused: bool = False
    ink: Signature | None = None
    handed_over: bool = False
    given_up: bool = False
    given_up_reason: str = ""
    problem: Refusal | None = None
    marks: dict[str, Refusal] = {}
    view: CaseView | None = None

    @property
    def state(self) -> State:
        """Where the case stands, by the office's word where there is one."""
        if self.view is not None and not self._reopened:
            return self.view.state
        if self.given_up:
            return State.CANCELLED
        return self.trail[-1].state if self.trail else State.DRAFT

    @property
    def _reopened(self) -> bool:
        return self.view is not None and self.view.state is State.AUTH_RETURNED and bool(self.trail)

    @property
    def editable(self) -> bool:
        """Whether the teller may change what was captured."""
        return bool(self.trail) and self.state in EDITABLE_STATES and not self.wanted

    def outdated_by(self, product: ProductCard) -> bool:
        """Whether it is still filled, and on another form than its product has now."""
        if self.product is None or self.product.code != product.code:
            return False
        return self.editable and self.product.form != product.form

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every state passed, the office's where it has spoken."""
        if self.view is None:
            return self.trail
        return self.view.steps + (self.trail if self._reopened else ())

    @property
    def asked(self) -> frozenset[str]:
        """The fields that the answers so far leave relevant."""
        if self.product is None:
            return frozenset()
        return frozenset(one.name for one in asked_fields(self.product.form, self.values))

    @property
    def id_field(self) -> Field | None:
        """The question about the customer's own ID card."""
        return customer_field(self.product.form) if self.product is not None else None

    @property
    def identified(self) -> bool:
        """Whether the register has answered, or the form asks for nobody's ID card."""
        return self.identity is not None or self.id_field is None

    @property
    def id_card(self) -> IdCardValue | None:
        """The customer's ID card that was read, or None."""
        field = self.id_field
        card = self.values.get(field.name) if field is not None else None
        return card if isinstance(card, IdCardValue) else None

    @property
    def other_cards(self) -> dict[str, IdCardValue]:
        """The ID cards of other persons that were read, by field: guardians, co-signers."""
        own = self.id_field.name if self.id_field is not None else ""
        values = self.values.items()
        return {n: card for n, card in values if isinstance(card, IdCardValue) and n != own}

    @property
    def evidence(self) -> dict[str, Evidence]:
        """The photos and recordings by field."""
        return {
            name: value
            for name, value in self.values.items()
            if isinstance(value, PhotoValue | RecordingValue)
        }

    @property
    def slip(self) -> Slip | None:
        """What the customer reads and signs, as the office made it; None before that."""
        return self.view.slip if self.view is not None else None

    @property
    def owed(self) -> tuple[str, ...]:
        """Fields whose photos the office still waits for; whatever state the case is in."""
        return self.view.owed if self.view is not None else ()

    @property
    def promised(self) -> str:  # long: one line per promise
        """What was done here and the office has not answered yet; empty when it knows all.

        `cancel`, `submission`, `signature`, `refusal`, `handover`, `live_photo` or `rescan`: all of
        them go out by themselves, now or when the link is back.
        """
        told = self.view.state if self.view is not None else None
        if self.given_up and told is not None and told not in FINAL_STATES:
            return "cancel"
        if self.wanted:
            return "submission"
        if told in UNSIGNED and self.ink is not None:
            return "signature"
        if told in UNSIGNED and self.slip_refused:
            return "refusal"
        if told is State.COMMITTED and self.handed_over:
            return "handover"
        if self.live is not None:
            return "live_photo"
        return "rescan" if self.rescan_given else ""

    @property
    def unsent(self) -> bool:
        """Whether anything of it is still to be sent: what was done, or a photo or recording."""
        waits = any(one.digest not in self.uploaded for one in self.evidence.values())
        return bool(self.promised) or (waits and self.state not in FINAL_STATES)

    @property
    def finished(self) -> bool:
        """Nothing can happen to it any more, and it owes nothing."""
        return self.state in FINAL_STATES and not self.owed


def card_digest(card: IdCardValue) -> bytes:
    """Tells one reading of a card from another: BLAKE2b-256 of the record."""
    return hashlib.blake2b(card.record, digest_size=32).digest()


def slip_hash(slip: Slip) -> bytes:
    """What the customer signs: BLAKE2b-256 of the slip's canonical encoding."""
    return hashlib.blake2b(encode(slip), digest_size=32).digest()


def submission(draft: Draft, device: str) -> Submission:
    """The submission of the draft's current revision: the same value at every attempt.

    Times that a wrong clock told are put right here, and by how much they were wrong goes along.
    """
    assert draft.product is not None
    assert draft.identified
    settled = settle(draft.trail, draft.values, draft.wanted_ms, LIMITS)
    return Submission(
        case_id=draft.case_id,
        revision=draft.revision,
        product=draft.product.code,
        form_version=draft.product.form.version,
        staff_id=draft.staff_id,
        device=device,
        trail=settled.trail,
        values=dict(sorted(settled.values.items())),
        identity_reference=draft.identity.reference if draft.identity is not None else "",
        place=draft.place,
        captured_ms=draft.wanted_ms,
        link_kbps=draft.link_kbps,
        deferred=tuple(sorted(draft.following)),
        bound=dict(sorted(draft.bound.items())),
        skew_ms=settled.skew_ms,
    )


def pin_key(case_id: str, field: str) -> str:
    """Where a PIN block waits in the documents `pins`, until the office has answered."""
    return f"{case_id}/{field}"


__all__ = [
    "EDITABLE_STATES",
    "UNSIGNED",
    "Draft",
    "card_digest",
    "pin_key",
    "slip_hash",
    "submission",
]
