"""How partners write what they list: lines for people, facts for rules."""

from __future__ import annotations

import datetime as dt

from wire.checks import CHINA
from wire.messages.case import SlipLine


def money_line(title_zh: str, title_en: str, fen: int) -> SlipLine:
    """An amount in yuan."""
    return SlipLine(title_zh, title_en, f"¥{fen // 100:,}.{fen % 100:02}")


def day_line(title_zh: str, title_en: str, at_ms: int) -> SlipLine:
    """A day in China."""
    return SlipLine(title_zh, title_en, day_of(at_ms))


def day_of(at_ms: int) -> str:
    """The day in China, `YYYY-MM-DD`."""
    return dt.datetime.fromtimestamp(at_ms / 1000, CHINA).date().isoformat()


def facts_of(**facts: str | int | bool) -> dict[str, str]:
    """Facts as queries carry them: integers in decimal, flags `0` or `1`."""
    return {name: fact if isinstance(fact, str) else str(int(fact)) for name, fact in facts.items()}


__all__ = ["day_line", "day_of", "facts_of", "money_line"]
