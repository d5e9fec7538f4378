"""What the authorizer's page shows and what it may ask: the contract between agent and browser.

The agent pushes one whole `DeskState` (JSON) whenever something changed; the page sends commands,
one of the tagged `Command` types; every command is answered with `null` or a refusal. The browser
signs nothing: a decision is signed by the agent with the desk's key. Digests are lower-case hex;
images are fetched from `/image/<digest>` while the case is claimed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from wire.message import Refusal
from wire.messages.case import Step
from wire.messages.desk import Compared, QueueItem, Reason, ReviewItem, Verdict
from wire.messages.figures import Figures
from wire.messages.session import StaffCard


class ImageView(msgspec.Struct, frozen=True):
    """One image of the open case; `loaded` is 0–100, it can be fetched at 100.

    `field` is the form's, empty for a photo that the form does not ask for.
    """

    digest: str
    title_zh: str
    title_en: str
    evidence: str
    loaded: int
    field: str = ""


class FileView(msgspec.Struct, frozen=True):
    """The claimed case: images beside entered, chip and network values.

    Attributes:
        lease_until_ms: when the claim ends; the agent renews it while the page is open.
        lost: the claim was lost (link or lease); decisions are disabled until claimed again.
    """

    item: QueueItem
    state: str
    steps: tuple[Step, ...]
    version: int
    compared: tuple[Compared, ...]
    images: tuple[ImageView, ...]
    lease_until_ms: int
    lost: bool


class DoneRow(msgspec.Struct, frozen=True):
    """A decision taken at this desk in this session."""

    case_id: str
    title_zh: str
    title_en: str
    verdict: Verdict
    reason: Reason | None
    at_ms: int


class ReviewFileView(msgspec.Struct, frozen=True):
    """A drawn case to be judged: images beside entered, chip and network values.

    `lost` when its images cannot be fetched; it is not judged until it was opened again.
    """

    item: ReviewItem
    state: str
    steps: tuple[Step, ...]
    compared: tuple[Compared, ...]
    images: tuple[ImageView, ...]
    lost: bool


class ReviewsView(msgspec.Struct, frozen=True):
    """Closed cases that wait for a review, and the one that is open.

    `problem` says why the newest list could not be had; the items are then older.
    """

    items: tuple[ReviewItem, ...]
    problem: Refusal | None
    file: ReviewFileView | None


FiguresTable = Literal["outlets", "products", "days", "terminals", "states"]
"""A table of figures that can be saved."""

Lang = Literal["zh", "en"]
"""The page's language."""


class Choice(msgspec.Struct, frozen=True):
    """A product that figures can be filtered by."""

    code: str
    title_zh: str
    title_en: str


class FiguresView(msgspec.Struct, frozen=True, kw_only=True):
    """Figures on the screen, and what they can be filtered by.

    Attributes:
        outlets: codes of the outlets seen since sign-in, in order.
        products: the products seen since sign-in, by code.
        problem: why the newest refresh failed; the figures are then older than they should be.
    """

    figures: Figures
    outlets: tuple[str, ...]
    products: tuple[Choice, ...]
    problem: Refusal | None


class Export(msgspec.Struct, frozen=True):
    """A table made for saving; `number` grows with each, so that a page saves each once."""

    name: str
    text: str
    number: int


class DeskState(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page.

    Attributes:
        link: `online`, `connecting` or `offline`; decisions are disabled unless online.
        link_since_ms: since when it is that; a try to reach the office changes nothing.
        queue_known: the office has said what waits; without that an empty queue means nothing.
        reviews: what was drawn for a review; None until the office has said.
        figures: the managers' view while it is shown.
        export: the newest table made for saving.
    """

    device: str
    link: str
    link_since_ms: int
    now_ms: int
    staff: StaffCard | None
    queue: tuple[QueueItem, ...]
    file: FileView | None
    done: tuple[DoneRow, ...]
    reviews: ReviewsView | None = None
    figures: FiguresView | None = None
    export: Export | None = None
    queue_known: bool = True


class SignInHere(msgspec.Struct, frozen=True, tag="sign_in"):
    """Sign an authorizer in."""

    staff_id: str
    passcode: str


class SignOutHere(msgspec.Struct, frozen=True, tag="sign_out"):
    """Sign the authorizer out; a claim is given back."""


class OfCase(msgspec.Struct, frozen=True):
    """What is done to a case names the case: a window may not know yet that another is open."""

    case_id: str


class Claim(OfCase, frozen=True, tag="claim"):
    """Take a case and open it; `shown` is the one that the window shows and that is put back."""

    shown: str = ""


class TakeNext(msgspec.Struct, frozen=True, tag="next"):
    """Take and open the case that the office deals out."""


class AskLive(OfCase, frozen=True, tag="ask_live"):
    """Have the customer of the open case photographed now."""


class Release(OfCase, frozen=True, tag="release"):
    """Give the open case back undecided."""


class Conclude(OfCase, frozen=True, tag="decide"):
    """Decide the open case; the passcode proves who decides, for this one decision.

    `version` is of the file that was looked at; `fields` are those of the form that a return is
    about.
    """

    version: int
    verdict: Verdict
    reason: Reason | None
    note: str
    passcode: str
    fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Conclude({self.verdict})"


class ShowReviews(msgspec.Struct, frozen=True, tag="show_reviews"):
    """Ask for the newest list of reviews."""


class ViewReview(OfCase, frozen=True, tag="view_review"):
    """Open a drawn case; the one that is open is closed unjudged."""


class CloseReview(OfCase, frozen=True, tag="close_review"):
    """Close the open review unjudged."""


class GiveReview(OfCase, frozen=True, tag="give_review"):
    """Judge the drawn case that is open: all is right, or what is wrong."""

    ok: bool
    note: str


class ShowFigures(msgspec.Struct, frozen=True, tag="show_figures"):
    """Show figures, days as `YYYY-MM-DD`, and keep them fresh; empty filters let all through."""

    first: str
    last: str
    outlet: str = ""
    product: str = ""


class HideFigures(msgspec.Struct, frozen=True, tag="hide_figures"):
    """Figures are no longer looked at."""


class ExportFigures(msgspec.Struct, frozen=True, tag="export_figures"):
    """Make a table of the figures on the screen for saving; it comes as `DeskState.export`."""

    table: FiguresTable
    lang: Lang


class FindRejection(msgspec.Struct, frozen=True, tag="find_rejection"):
    """Look up why a case was rejected; the answer is a `wire.messages.rejections.Rejection`."""

    reference: str


Deed = SignInHere | SignOutHere | Claim | TakeNext | AskLive | Release | Conclude
"""What an authorizer may ask."""

ReviewsDeed = ShowReviews | ViewReview | CloseReview | GiveReview
"""What a reviewer may ask."""

FiguresDeed = ShowFigures | HideFigures | ExportFigures
"""What a manager may ask."""

Command = Deed | ReviewsDeed | FiguresDeed
"""What the page may have done; it shows in the next `DeskState`."""

Asked = Command | FindRejection
"""Everything that the page may ask."""
