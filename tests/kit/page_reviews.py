"""Reviews as a desk shows them: what was drawn, and one of them open."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from backoffice.desk.page_model import DeskState, ReviewFileView, ReviewsView
from tests.kit import page_states as states
from wire.case_state import State
from wire.messages.desk import ReviewItem

_HOUR_MS: Final = 60 * states.MINUTE_MS


def _item(
    number: int, title_zh: str, title_en: str, hours: int, *, own: bool = False
) -> ReviewItem:
    return ReviewItem(
        case_id=f"0193a5c0-7a10-7c3e-9b1f-0000000001{number:02}",
        product="bill_payment",
        title_zh=title_zh,
        title_en=title_en,
        outlet="陆良联社马街分社",
        operator=states.AUTHORIZER.name if own else "李春燕",
        level="A1",
        closed_ms=states.NOW_MS - hours * _HOUR_MS,
        allowed=not own,
    )


DRAWN: Final = (
    _item(1, "便民缴费", "Bill payment", 26),
    _item(2, "卡片激活", "Card activation", 3),
    _item(3, "便民缴费", "Bill payment", 1, own=True),
)


def review_file(loaded: int = 100) -> ReviewFileView:
    """The first drawn case, open, with its images that far."""
    return ReviewFileView(
        item=DRAWN[0],
        state=State.CLOSED,
        steps=states.steps_to(State.CLOSED),
        compared=states.COMPARED,
        images=tuple(replace(image, loaded=loaded) for image in states.IMAGES),
        lost=False,
    )


def reviewing(file: ReviewFileView | None = None, *, link: str = "online") -> DeskState:
    """The authorizer's page with what was drawn."""
    return replace(states.desk(link=link), reviews=ReviewsView(DRAWN, None, file))


__all__ = ["DRAWN", "review_file", "reviewing"]
