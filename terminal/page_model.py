"""What the teller's page shows and what it may ask: the contract between agent and browser.

The page is a pure view. The agent pushes one whole `TerminalState` (JSON) whenever something
changed, and the page sends commands, one of the tagged `Command` types; every command is answered
with `null` or a refusal. Numbers of cards and identity documents reach the page masked, PIN digits
never. Digests are lower-case hex; images are fetched from `/image/<digest>`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.form import Form
from wire.ink import Point
from wire.message import Refusal
from wire.messages.case import LegResult, Slip, Step
from wire.messages.lookups import Item
from wire.messages.offers import Recommendation
from wire.messages.session import StaffCard

OFFERS_MAX: Final = 3
"""How many businesses are suggested to a customer; more is a catalogue."""


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
        name: a `wire.form.Capability`, such as `id_reader` or `microphone`.
        state: `ready`, `busy`, `absent` or `fault`.
        last_error: one sentence, or empty.
        battery: percent, or None when it has none.
    """

    name: str
    state: str
    last_error: str = ""
    battery: int | None = None


class ProductView(msgspec.Struct, frozen=True):
    """One business on the left.

    Attributes:
        category: where it stands: `account`, `payment`, `credit`, `wealth` or `customer`.
        missing: capabilities that this kit lacks right now.
    """

    code: str
    title_zh: str
    title_en: str
    category: str = "account"
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


class RowView(msgspec.Struct, frozen=True):
    """One row of a table.

    Attributes:
        cells: by column, as people may see them; an empty cell is left out.
        problems: by column, why a cell is not acceptable yet.
    """

    cells: dict[str, str]
    problems: dict[str, Refusal] = {}


class ListView(msgspec.Struct, frozen=True):
    """What the office listed for a field, for as long as it is still what would be asked.

    Attributes:
        items: to choose from; without their facts.
        note: why there is nothing, or empty.
        chosen: the code of what was chosen, or empty.
    """

    items: tuple[Item, ...]
    note: str = ""
    chosen: str = ""


class CodeView(msgspec.Struct, frozen=True):
    """A code on its way to the customer's phone: good until, and sent again from, Unix ms."""

    until_ms: int
    again_ms: int


class FieldView(msgspec.Struct, frozen=True):
    """One field with what has been captured.

    Attributes:
        name: the form field.
        shown: the value as people may see it (masked); empty when missing.
        digest: for photos and recordings: hex, else empty.
        uploaded: for photos and recordings: 0–100.
        problem: why it is not acceptable yet, or None.
        rows: of a table.
        items: of a listed field; None before the office was asked, and after an answer that the
            list depends on has changed.
        code: of a phone that is to be proven; None before one was sent.
        proven: the phone's holder read the code back.
    """

    name: str
    shown: str = ""
    digest: str = ""
    uploaded: int = 0
    problem: Refusal | None = None
    rows: tuple[RowView, ...] = ()
    items: ListView | None = None
    code: CodeView | None = None
    proven: bool = False


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
        results: how each item ended, of a business with several.
        uploaded: 0–100 over all images and recordings.
        offers: what to suggest to the customer, the best first, with the reason; empty until the
            office has said so, and for somebody who wants no offers.
        tier_zh: what the bank calls a customer like this one, or empty; known with the offers.
        tier_en: the same in English.
        waits_until_ms: while the customer waits at the table for an authorizer: how long they are
            asked to, Unix milliseconds; 0 otherwise.
        live_wanted: the authorizer asks for a photo of the customer now: `TakePhoto` for the field
            `live_photo`, which is in no form.
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
    results: tuple[LegResult, ...]
    uploaded: int
    offers: tuple[Recommendation, ...] = ()
    tier_zh: str = ""
    tier_en: str = ""
    waits_until_ms: int = 0
    live_wanted: bool = False


class Busy(msgspec.Struct, frozen=True):
    """A peripheral at work for the open case.

    Attributes:
        what: `read_id`, `read_card`, `enter_pin`, `photo`, `record`, `sign` or `print`.
        field: the form field, or empty.
        keys: for `enter_pin`: how many digits the customer has entered.
        since_ms: when it began, Unix milliseconds.
    """

    what: str
    field: str = ""
    keys: int = 0
    since_ms: int = 0


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

    def __repr__(self) -> str:
        return f"SignInHere({self.staff_id!r})"


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
    """Enter what is typed or chosen; an empty text takes the answer away.

    Text, phone, ID number; an amount in yuan with at most two decimals; a number as decimal text;
    an option's code, or several joined by commas; `yes` for a confirmation.
    """

    field: str
    value: str


class ClearValue(msgspec.Struct, frozen=True, tag="clear_value"):
    """Take an answer away, whatever its kind; not the customer's ID card, which is read again."""

    field: str


class SetRow(msgspec.Struct, frozen=True, tag="set_row"):
    """Enter cells of a table's row; the row after the last is a new one.

    Attributes:
        row: from 1.
        values: by column, as in `SetValue`; a column that is left out keeps its cell.
    """

    field: str
    row: int
    values: dict[str, str]


class RemoveRow(msgspec.Struct, frozen=True, tag="remove_row"):
    """Take a row out of a table; rows count from 1."""

    field: str
    row: int


class AskList(msgspec.Struct, frozen=True, tag="ask_list"):
    """Ask the office what can be chosen; the answer is in the field's `items`."""

    field: str


class ChooseItem(msgspec.Struct, frozen=True, tag="choose_item"):
    """Choose one of the items."""

    field: str
    code: str


class SignHere(msgspec.Struct, frozen=True, tag="sign_here"):
    """A party signed on the glass for this field, on a pad of `width` × `height` units."""

    field: str
    width: int
    height: int
    strokes: tuple[tuple[Point, ...], ...]


class ProveColleague(msgspec.Struct, frozen=True, tag="prove_colleague"):
    """A colleague proves to be here; the passcode goes to the office and nowhere else."""

    field: str
    staff_id: str
    passcode: str

    def __repr__(self) -> str:
        return f"ProveColleague({self.field!r}, {self.staff_id!r})"


class SendCode(msgspec.Struct, frozen=True, tag="send_code"):
    """Send a code to the phone of this field."""

    field: str


class EnterCode(msgspec.Struct, frozen=True, tag="enter_code"):
    """The code as the customer read it out."""

    field: str
    code: str

    def __repr__(self) -> str:
        return f"EnterCode({self.field!r})"


class Record(msgspec.Struct, frozen=True, tag="record"):
    """Record what is said, until `StopRecording` or until it is long enough for any rule."""

    field: str


class StopRecording(msgspec.Struct, frozen=True, tag="stop_recording"):
    """End the recording and keep it."""


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


class LeaveTable(msgspec.Struct, frozen=True, tag="continue_later"):
    """The customer waits no longer; the case goes on without them."""


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


KitCommand = ReadId | TakePhoto | UsePhoto | ReadCard | EnterPin | Record
"""What a peripheral, or the tablet's own camera, captures for a field."""

EntryCommand = SetValue | ClearValue | SetRow | RemoveRow | SignHere
"""What is typed, chosen or signed on the glass."""

OfficeCommand = AskList | ChooseItem | ProveColleague | SendCode | EnterCode
"""What needs the office while the form is being filled."""

FieldCommand = KitCommand | EntryCommand | OfficeCommand
"""What answers a field of the open case."""

Command = (
    SignInHere
    | SignOutHere
    | NewCase
    | ShowCase
    | FieldCommand
    | StopRecording
    | CancelEntry
    | SubmitCase
    | LeaveTable
    | SlipSeen
    | Sign
    | CustomerRefuses
    | GiveUp
    | HandOver
    | ReopenReturned
)
"""Everything that the page may ask."""
