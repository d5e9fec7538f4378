"""What the teller's page may ask: one half of the contract between agent and browser.

One tagged type per press, of the closed union `Command`; every command is answered with `null` or a
refusal. What the page shows is `terminal.page_model`.
"""

from __future__ import annotations

import msgspec

from wire.ink import Point


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


class DeferPhoto(msgspec.Struct, frozen=True, tag="defer_photo"):
    """This photo cannot be taken now and follows the next day; `ClearValue` takes that back."""

    field: str


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


class GiveRescan(msgspec.Struct, frozen=True, tag="give_rescan"):
    """Hand in every photo that the case owes; each was taken for its field as any other."""


class ReopenReturned(msgspec.Struct, frozen=True, tag="correct"):
    """Correct a returned case: it becomes editable again, everything captured is kept."""


KitCommand = ReadId | TakePhoto | UsePhoto | ReadCard | EnterPin | Record
"""What a peripheral, or the tablet's own camera, captures for a field."""

EntryCommand = DeferPhoto | SetValue | ClearValue | SetRow | RemoveRow | SignHere
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
    | GiveRescan
    | ReopenReturned
)
"""Everything that the page may ask."""
