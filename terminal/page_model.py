"""What the teller's page shows and what it may ask: the contract between agent and browser.

The page is a pure view. The agent pushes one whole `TerminalState` (JSON) whenever something
changed, and the page sends commands, one of the tagged `Command` types; every command is answered
with `null` or a refusal. Numbers of cards and identity documents reach the page masked, PIN digits
never. Digests are lower-case hex; images are fetched from `/image/<digest>`.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from wire.form import Form
from wire.message import Refusal
from wire.messages.case import Point, Slip, Step
from wire.messages.session import StaffCard


class LinkState(StrEnum):
    """The uplink as a teller sees it."""

    ONLINE = "online"
    CONNECTING = "connecting"
    OFFLINE = "offline"


class Stage(StrEnum):
    """Where the teller is in the work, left to right in the stepper."""

    IDENTIFY = "identify"
    PHOTOS = "photos"
    FORM = "form"
    SUBMIT = "submit"
    WAITING = "waiting"
    SIGN = "sign"
    HANDOVER = "handover"
    DONE = "done"


class PeripheralView(msgspec.Struct, frozen=True):
    """One device of the kit.

    Attributes:
        name: `id_reader`, `card_reader`, `pin_pad`, `camera`, `signature` or `printer`.
        state: `ready`, `busy`, `absent` or `fault`.
        last_error: one sentence, or empty.
        battery: percent, or None when it has none.
    """

    name: str
    state: str
    last_error: str = ""
    battery: int | None = None


class ProductView(msgspec.Struct, frozen=True):
    """One business on the left; `missing` names capabilities that this kit lacks right now."""

    code: str
    title_zh: str
    title_en: str
    missing: tuple[str, ...] = ()


class CaseRow(msgspec.Struct, frozen=True):
    """One line of the list of today's cases.

    Attributes:
        state: a `wire.case_state.State`, also for local drafts.
        customer: masked name and number, or empty before identification.
        waiting: what it waits for: `teller`, `link`, `office`, `customer` or `nothing`.
        uploaded: 0–100, percent of image bytes that the office has.
        problem: one sentence when the last attempt failed, or empty.
    """

    case_id: str
    product: str
    title_zh: str
    title_en: str
    state: str
    customer: str
    changed_ms: int
    waiting: str
    uploaded: int
    problem: str = ""


class FieldView(msgspec.Struct, frozen=True):
    """One field with what has been captured.

    Attributes:
        name: the form field.
        shown: the value as people may see it (masked); empty when missing.
        digest: for photos: hex, else empty.
        uploaded: for photos: 0–100.
        problem: why it is not acceptable yet, or None.
    """

    name: str
    shown: str = ""
    digest: str = ""
    uploaded: int = 0
    problem: Refusal | None = None


class IdentityView(msgspec.Struct, frozen=True):
    """The ID card as read, for the teller to compare with the person; `result` is empty while the
    online check is on its way, else a `wire.messages.identity.IdentityResult`.
    """

    name: str
    number_masked: str
    sex: str
    nation: str
    birth: str
    address: str
    valid: str
    result: str = ""


class OpenCase(msgspec.Struct, frozen=True):
    """The case in the middle of the screen.

    Attributes:
        stage: where the work is.
        form: the product's form.
        fields: one view per form field, in form order.
        identity: after the ID card was read.
        can_submit: everything is captured and correct.
        steps: every state passed.
        state: the current one.
        reasons: why it came back, was rejected, declined or aborted.
        slip: from `PREPARED` on.
        deliver: masked card to hand over, from `COMMITTED` on.
        uploaded: 0–100 over all images.
    """

    case_id: str
    product: str
    title_zh: str
    title_en: str
    stage: Stage
    form: Form
    fields: tuple[FieldView, ...]
    identity: IdentityView | None
    can_submit: bool
    steps: tuple[Step, ...]
    state: str
    reasons: tuple[Refusal, ...]
    slip: Slip | None
    deliver: str
    uploaded: int


class Busy(msgspec.Struct, frozen=True):
    """A peripheral at work for the open case.

    Attributes:
        what: `read_id`, `read_card`, `enter_pin`, `photo`, `sign` or `print`.
        field: the form field, or empty.
        keys: for `enter_pin`: how many digits the customer has entered.
    """

    what: str
    field: str = ""
    keys: int = 0


class TerminalState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page."""

    device: str
    outlet: str
    link: LinkState
    link_since_ms: int
    waiting_to_send: int
    now_ms: int
    staff: StaffCard | None
    peripherals: tuple[PeripheralView, ...]
    products: tuple[ProductView, ...]
    cases: tuple[CaseRow, ...]
    open: OpenCase | None
    busy: Busy | None


class SignInHere(msgspec.Struct, frozen=True, tag="sign_in"):
    """Sign a teller in; the passcode goes to the office and nowhere else."""

    staff_id: str
    passcode: str


class SignOutHere(msgspec.Struct, frozen=True, tag="sign_out"):
    """Sign the teller out."""


class NewCase(msgspec.Struct, frozen=True, tag="new_case"):
    """Start a case of this product and open it."""

    product: str


class ShowCase(msgspec.Struct, frozen=True, tag="show_case"):
    """Open a case of the list; an empty id closes the open one ("next customer")."""

    case_id: str


class ReadId(msgspec.Struct, frozen=True, tag="read_id"):
    """Read the ID card for this field and check it online."""

    field: str


class TakePhoto(msgspec.Struct, frozen=True, tag="take_photo"):
    """Take a picture with the kit's camera for this field."""

    field: str


class UsePhoto(msgspec.Struct, frozen=True, tag="use_photo"):
    """Use a picture that the page's own camera took and uploaded (`digest` is the answer)."""

    field: str
    digest: str


class SetValue(msgspec.Struct, frozen=True, tag="set_value"):
    """Enter a text, phone, choice (option code) or amount (yuan, at most two decimals)."""

    field: str
    value: str


class ReadCard(msgspec.Struct, frozen=True, tag="read_card"):
    """Read the bank card for this field by chip."""

    field: str


class EnterPin(msgspec.Struct, frozen=True, tag="enter_pin"):
    """Ask the customer for a PIN on the pad for this field."""

    field: str


class CancelEntry(msgspec.Struct, frozen=True, tag="cancel_entry"):
    """Stop whatever the peripheral at work is doing."""


class SubmitCase(msgspec.Struct, frozen=True, tag="submit"):
    """Queue the open case for the office; it is sent when the link is there."""


class SlipSeen(msgspec.Struct, frozen=True, tag="slip_seen"):
    """The slip is on the screen before the customer."""


class Sign(msgspec.Struct, frozen=True, tag="sign"):
    """The customer signed on the glass, on a pad of `width` × `height` units."""

    width: int
    height: int
    strokes: tuple[tuple[Point, ...], ...]


class CustomerRefuses(msgspec.Struct, frozen=True, tag="refuse_slip"):
    """The customer does not want it after all."""


class GiveUp(msgspec.Struct, frozen=True, tag="cancel_case"):
    """Give the case up; the reason is kept."""

    reason: str


class HandOver(msgspec.Struct, frozen=True, tag="hand_over"):
    """The card or paper is in the customer's hands."""


class ReopenReturned(msgspec.Struct, frozen=True, tag="correct"):
    """Correct a returned case: it becomes editable again, everything captured is kept."""


Command = (
    SignInHere
    | SignOutHere
    | NewCase
    | ShowCase
    | ReadId
    | TakePhoto
    | UsePhoto
    | SetValue
    | ReadCard
    | EnterPin
    | CancelEntry
    | SubmitCase
    | SlipSeen
    | Sign
    | CustomerRefuses
    | GiveUp
    | HandOver
    | ReopenReturned
)
"""Everything that the page may ask."""
