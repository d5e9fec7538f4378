"""A reconciliation for people, in Chinese or English."""

from __future__ import annotations

from typing import Final

from backoffice.partners.operations.parties import TITLES, Partner
from backoffice.reconcile.book import Reconciliation, What
from backoffice.verify.office import Language

WORDS: Final[dict[What, tuple[str, str]]] = {
    What.UNREADABLE: ("记录无法识别", "the record cannot be read"),
    What.GIVEN_BACK_TWICE: (
        "已另行处理，对方又已冲正或并未入账",
        "given back twice",
    ),
    What.COMMITTED_HERE: ("我方已成功，对方未成功", "made real here only"),
    What.COMMITTED_THERE: ("对方已成功，我方未成功", "made real there only"),
    What.AMOUNT: ("金额不符（分）", "amounts differ (fen)"),
    What.REQUEST: ("业务内容不符", "requests differ"),
    What.HOLD: ("业务已终结，对方仍有占用", "held without an open case"),
    What.UNKNOWN_KEY: ("对方流水没有对应业务", "the key belongs to no case"),
    What.CARDS: ("重要空白凭证数量不符（张）", "numbers of cards differ"),
    What.CARDS_SHORT: ("空白卡库存为负（张）", "more cards were handed out than delivered"),
    What.HELD: ("冻结金额与在途业务不符（分）", "held funds differ (fen)"),
    What.OVERDRAWN: ("账户可用余额为负（分）", "the account is overdrawn (fen)"),
    What.TRIAL_BALANCE: ("试算不平（分）", "the trial balance is not zero (fen)"),
}
"""Kind of difference → (Simplified Chinese, English)."""

COUNTS: Final[dict[str, tuple[str, str]]] = {
    "keys": ("流水", "keys"),
    "prepared": ("在途", "prepared"),
    "committed": ("成功", "committed"),
    "aborted": ("撤销", "aborted"),
    "declined": ("拒绝", "declined"),
    "reversed": ("冲正", "reversed"),
    "prepared_fen": ("在途金额（分）", "prepared (fen)"),
    "committed_fen": ("成功金额（分）", "committed (fen)"),
    "reversed_fen": ("冲正金额（分）", "reversed (fen)"),
    "balance_fen": ("试算差额（分）", "trial balance (fen)"),
    "cards_blank": ("空白卡", "blank cards"),
    "cards_reserved": ("预占卡", "reserved cards"),
    "cards_issued": ("已发卡", "issued cards"),
    "cards_spoiled": ("作废卡", "spoiled cards"),
}


def render_reconciliation(result: Reconciliation, lang: Language) -> str:
    """One line per partner, one per difference."""
    one = 0 if lang == "zh" else 1
    rows = ((("日期", "Date"), result.date), (("业务", "Cases"), f"{result.cases:,}"))
    lines = [f"{words[one]}: {value}" for words, value in rows]
    lines.append(f"{('业务流水', 'Keys')[one]}: {result.keys:,}")
    for partner, totals in result.partners.items():
        told = ", ".join(
            f"{COUNTS[name][one]} {count:,}" for name, count in totals.items() if count
        )
        lines.append(f"  {TITLES[Partner(partner)][one]}: {told or ('无', 'none')[one]}")
    for undone in result.reversals:
        words = ("冲正", "Reversed")[one]
        lines.append(f"  {words}: {undone.where} {undone.of} ← {undone.key} ({undone.fen:,})")
    for done in result.made_good:
        words = ("另行处理", "Made good elsewhere")[one]
        lines.append(f"  {words}: {done.where} {done.key} ({done.fen:,})")
    if not result.differences:
        return "\n".join((*lines, ("对账相符，无差异。", "Reconciled: no differences.")[one], ""))
    total = len(result.differences)
    lines.append((f"发现 {total:,} 处差异：", f"{total:,} differences:")[one])
    for found in result.differences:
        sides = f" ({('我方', 'ours')[one]} {found.ours or '-'}, "
        sides += f"{('对方', 'theirs')[one]} {found.theirs or '-'})"
        lines.append(f"  {found.where}: {WORDS[found.what][one]}{sides}")
    return "\n".join((*lines, ""))


__all__ = ["COUNTS", "WORDS", "render_reconciliation"]
