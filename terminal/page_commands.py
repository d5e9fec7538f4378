"""What the teller's page may ask: one half of the contract between agent and browser.

One tagged type per press, of the closed union `Command`; every command is answered with `null` or a
refusal. What the page shows is `terminal.page_model`.
"""

from __future__ import annotations

import msgspec

from wire.ink import Point


class OfCase(msgspec.Struct, frozen=True):
    """What is done to a case names the case: a window may not know yet that another is open."""

    case_id: str


class OfField(OfCase, frozen=True):
    """What is done to a field of a case."""

    field: str


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
    """Open a case of the list, for every window of this terminal."""

    case_id: str


class LeaveCase(OfCase, frozen=True, tag="leave_case"):
    """Put the case away ("next customer"); nothing where another one has been opened since."""


class ReadId(OfField, frozen=True, tag="read_id"):
    """Read the ID card for this field and check it online."""


class TakePhoto(OfField, frozen=True, tag="take_photo"):
    """Take a picture with the kit's camera for this field."""


class UsePhoto(OfField, frozen=True, tag="use_photo"):
    """Use a picture that the page's own camera took and uploaded (`digest` is the answer)."""

    digest: str


class DeferPhoto(OfField, frozen=True, tag="defer_photo"):
    """This photo cannot be taken now and follows the next day; `ClearValue` takes that back."""


class SetValue(OfField, frozen=True, tag="set_value"):
    """Enter what is typed or chosen; an empty text takes the answer away.

    Text, phone, ID number; an amount in yuan with at most two decimals; a number as decimal text;
    an option's code, or several joined by commas; `yes` for a confirmation.
    """

    value: str


class ClearValue(OfField, frozen=True, tag="clear_value"):
    """Take an answer away, whatever its kind; not the customer's ID card, which is read again."""


class SetRow(OfField, frozen=True, tag="set_row"):
    """Enter cells of a table's row.

    Attributes:
        row: its id; whoever adds one makes it, so that a second press adds nothing.
        values: by column, as in `SetValue`; a column that is left out keeps its cell.
        new: it is added below the others.
    """

    row: str
    values: dict[str, str]
    new: bool = False


class RemoveRow(OfField, frozen=True, tag="remove_row"):
    """Take a row out of a table, by its id."""

    row: str


class RestoreRow(OfField, frozen=True, tag="restore_row"):
    """Bring back a row that was taken out a moment ago."""

    row: str


class AskList(OfField, frozen=True, tag="ask_list"):
    """Ask the office what can be chosen; the answer is in the field's `items`."""


class ChooseItem(OfField, frozen=True, tag="choose_item"):
    """Choose one of the items."""

    code: str


class SignHere(OfField, frozen=True, tag="sign_here"):
    """A party signed on the glass for this field, on a pad of `width` × `height` units."""

    width: int
    height: int
    strokes: tuple[tuple[Point, ...], ...]


class ProveColleague(OfField, frozen=True, tag="prove_colleague"):
    """A colleague proves to be here; the passcode goes to the office and nowhere else."""

    staff_id: str
    passcode: str

    def __repr__(self) -> str:
        return f"ProveColleague({self.field!r}, {self.staff_id!r})"


class SendCode(OfField, frozen=True, tag="send_code"):
    """Send a code to the phone of this field."""


class EnterCode(OfField, frozen=True, tag="enter_code"):
    """The code as the customer read it out."""

    code: str

    def __repr__(self) -> str:
        return f"EnterCode({self.field!r})"


class Record(OfField, frozen=True, tag="record"):
    """Record what is said, until `StopRecording` or until it is long enough for any rule."""


class StopRecording(OfCase, frozen=True, tag="stop_recording"):
    """End the recording and keep it."""


class ReadCard(OfField, frozen=True, tag="read_card"):
    """Read the bank card for this field by chip."""


class EnterPin(OfField, frozen=True, tag="enter_pin"):
    """Ask the customer for a PIN on the pad for this field."""


class CancelEntry(OfCase, frozen=True, tag="cancel_entry"):
    """Stop whatever the peripheral at work is doing."""


class SubmitCase(OfCase, frozen=True, tag="submit"):
    """Queue the open case for the office; it is sent when the link is there."""


class LeaveTable(OfCase, frozen=True, tag="continue_later"):
    """The customer waits no longer; the case goes on without them."""


class SlipSeen(OfCase, frozen=True, tag="slip_seen"):
    """The slip is on the screen before the customer."""


class Sign(OfCase, frozen=True, tag="sign"):
    """The customer signed on the glass, on a pad of `width` × `height` units.

    `slip_hash` is the page's word for what the customer had read: `OpenCase.slip_hash`.
    """

    slip_hash: str
    width: int
    height: int
    strokes: tuple[tuple[Point, ...], ...]


class CustomerRefuses(OfCase, frozen=True, tag="refuse_slip"):
    """The customer does not want it after all."""


class GiveUp(OfCase, frozen=True, tag="cancel_case"):
    """Give the case up; the reason is kept."""

    reason: str


class HandOver(OfCase, frozen=True, tag="hand_over"):
    """The card or paper is in the customer's hands."""


class Reveal(OfCase, frozen=True, tag="reveal"):
    """Show a masked number of the case whole, at this press; the answer is the text.

    `place` as in `terminal.reveal`; who looked at what is journalled with the case.
    """

    place: str


class FindCases(msgspec.Struct, frozen=True, tag="find_cases"):
    """Which of today's cases are of a customer of this full name or ID tail; answered with ids."""

    text: str


class GiveRescan(OfCase, frozen=True, tag="give_rescan"):
    """Hand in every photo that the case owes; each was taken for its field as any other."""


class ReopenReturned(OfCase, frozen=True, tag="correct"):
    """Correct a returned case: it becomes editable again, everything captured is kept."""


KitCommand = ReadId | TakePhoto | UsePhoto | ReadCard | EnterPin | Record
"""What a peripheral, or the tablet's own camera, captures for a field."""

EntryCommand = DeferPhoto | SetValue | ClearValue | SetRow | RemoveRow | RestoreRow | SignHere
"""What is typed, chosen or signed on the glass."""

OfficeCommand = AskList | ChooseItem | ProveColleague | SendCode | EnterCode
"""What needs the office while the form is being filled."""

FieldCommand = KitCommand | EntryCommand | OfficeCommand
"""What answers a field of the open case."""

CaseCommand = (
    FieldCommand
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
"""What is done to the open case; each names the case that it means."""

Command = SignInHere | SignOutHere | NewCase | ShowCase | LeaveCase | CaseCommand
"""What the page may have done; it shows in the next `TerminalState`."""

Question = Reveal | FindCases
"""What only the window that asked is told; it is in no state."""

Asked = Command | Question
"""Everything that the page may ask."""
