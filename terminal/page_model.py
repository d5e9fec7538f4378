"""What the teller's page shows: one half of the contract between agent and browser.

The page is a pure view. The agent pushes one whole `TerminalState` (JSON) whenever something
changed; what the page may ask is `terminal.page_commands`. Numbers of cards and identity documents
reach the page masked, PIN digits never. Digests are lower-case hex; images are fetched from
`/image/<digest>`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

from wire.form import Form
from wire.message import Refusal
from wire.messages.case import LegResult, Slip, Step
from wire.messages.lookups import Item
from wire.messages.offers import Recommendation
from wire.messages.session import StaffCard

OFFERS_MAX: Final = 3
"""How many businesses are suggested to a customer; more is a catalogue."""


class LinkState(StrEnum):
    """The uplink as a teller sees it; see `wire.office_link.Reach`."""

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
        closed: why the office does not offer it now, in words; empty where it does.
    """

    code: str
    title_zh: str
    title_en: str
    category: str = "account"
    missing: tuple[str, ...] = ()
    closed: str = ""


class OwedView(msgspec.Struct, frozen=True):
    """Photos that a case was approved without and that have to follow (影像隔日补扫).

    Attributes:
        count: how many.
        due_ms: by when, Unix milliseconds; afterwards the office takes nothing else from who owes.
        staff_id: who owes them.
        given: they were handed in and are on their way.
    """

    count: int
    due_ms: int
    staff_id: str
    given: bool


class CaseRow(msgspec.Struct, frozen=True):
    """One line of the list of today's cases.

    Attributes:
        state: a `wire.case_state.State`, also for local drafts.
        customer: surname, village and ID tail, or empty before identification.
        waiting: what it waits for: `teller`, `link`, `office`, `customer` or `nothing`.
        uploaded: 0–100, percent of image bytes that the office has.
        problem: one sentence when the last attempt failed, or empty.
        owed: what it was approved without, or None.
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
    owed: OwedView | None = None


class RowView(msgspec.Struct, frozen=True):
    """One row of a table.

    Attributes:
        row: its id.
        cells: by column, as people may see them; an empty cell is left out.
        problems: by column, why a cell is not acceptable yet.
    """

    row: str
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
        follows: a photo that cannot be taken now and is to follow the next day.
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
    follows: bool = False


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
        promised: what was done here and the office has not answered yet: `Draft.promised`.
        veiled: places at which `Reveal` shows a number whole.
        slip_hash: names that slip, in hex; empty without one.
        deliver: masked card to hand over, from `COMMITTED` on.
        results: how each item ended, of a business with several.
        uploaded: 0–100 over all images and recordings.
        offers: what to suggest to the customer, the best first, with the reason; empty until the
            office has said so, and for somebody who wants no offers.
        tier_zh: what the bank calls a customer like this one, or empty; known with the offers.
        tier_en: the same in English.
        waits_until_ms: while the customer waits at the table for an authorizer: how long they are
            asked to, Unix milliseconds; 0 otherwise.
        ends_ms: while it waits for an authorizer, or for being corrected: when it ends by itself,
            Unix milliseconds; 0 otherwise.
        live_wanted: the authorizer asks for a photo of the customer now: `TakePhoto` for the field
            `live_photo`, which is in no form.
        owed: what it was approved without, or None.
        rescan: one view per photo that it owes, whether it has been taken or not; they are taken
            as any other photo and handed in together.
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
    ends_ms: int = 0
    live_wanted: bool = False
    owed: OwedView | None = None
    rescan: tuple[FieldView, ...] = ()
    promised: str = ""
    veiled: tuple[str, ...] = ()
    slip_hash: str = ""


class Busy(msgspec.Struct, frozen=True):
    """A peripheral at work for a case.

    Attributes:
        case_id: for which; another one may be open by now.
        what: `read_id`, `read_card`, `enter_pin`, `photo`, `record`, `sign` or `print`.
        field: the form field, or empty.
        keys: for `enter_pin`: how many digits the customer has entered.
        since_ms: when it began, Unix milliseconds.
    """

    case_id: str
    what: str
    field: str = ""
    keys: int = 0
    since_ms: int = 0


class TerminalState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page.

    Attributes:
        link_since_ms: since when the office can be reached, or cannot; a try to reach it changes
            nothing.
        waiting_to_send: of how many cases something is still to be sent.
    """

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
