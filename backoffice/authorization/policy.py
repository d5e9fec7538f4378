"""The routing policy: who authorizes where and when, per union × product × level.

A document in TOML or JSON with a list of rules. Of the rules that fit a case the most specific one
decides, as a whole: the one that names most of union, product and level; between two that name
equally many, union counts before product and product before level. So the order is

    union+product+level, union+product, union+level, product+level, union, product, level, default

No two rules may name the same, and one rule names nothing: the default. So exactly one rule decides
any case, wherever it stands in the document.

Pure rules; `backoffice.authorization.policy_book` keeps the document and its history.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from typing import Any, Final

import msgspec

from backoffice.authorization.levels import (
    SLOW_LINK,
    Assessment,
    Assign,
    Level,
    Locality,
    Route,
    Thresholds,
    Timing,
)
from wire.codec import decode_json
from wire.errors import BadFrame
from wire.ids import is_label

TEXT_BYTES_MAX: Final = 32 * 1024
"""The longest document."""

RULES_MAX: Final = 500
"""The most rules of one document."""

PRIORITY_MAX: Final = 9
"""The highest priority; 0 is the lowest."""

DEFAULT_TEXT: Final = """\
# 授权方式：每条规则可写 union（联社）、product（业务）、level（A2、A3、A4），不写即不限；
# 越具体的规则越优先。timing: sync 客户等候，async 排队；
# locality: outlet 本网点，union 本联社，central 集中；
# assign: free 自行领取，random 随机派单（仅限 central）；priority: 0 到 9，大者优先。
# unknown_link: 终端网速未知时，sync 照常同步，async 一律异步。
unknown_link = "sync"

[[rules]]
timing = "async"
locality = "central"

[[rules]]
level = "A3"
timing = "sync"
locality = "central"

[[rules]]
level = "A4"
timing = "sync"
locality = "central"
"""
"""What an office begins with."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule; an empty `union`, `product` or `level` fits every case.

    Attributes:
        level: `A2`, `A3` or `A4`; below, nobody is asked.
        assign: `random` goes with `central` only.
        priority: 0 to `PRIORITY_MAX`.
    """

    timing: Timing
    locality: Locality
    union: str = ""
    product: str = ""
    level: str = ""
    assign: Assign = Assign.FREE
    priority: int = 0

    @property
    def selector(self) -> tuple[str, str, str]:
        """What it names."""
        return self.union, self.product, self.level

    @property
    def rank(self) -> tuple[int, bool, bool, bool]:
        """How specific it is; the greatest wins."""
        union, product, level = (bool(part) for part in self.selector)
        return union + product + level, union, product, level

    def fits(self, union: str, product: str, level: str) -> bool:
        """Whether it speaks about such a case."""
        asked = (union, product, level)
        return all(mine in ("", theirs) for mine, theirs in zip(self.selector, asked, strict=True))


class RoutingPolicy(msgspec.Struct, frozen=True):
    """A valid document.

    Attributes:
        rules: in the document's order, which means nothing.
        unknown_link: what becomes of SYNC when the terminal's uplink has not been measured.
    """

    rules: tuple[Rule, ...]
    unknown_link: Timing = Timing.SYNC

    def rule(self, union: str, product: str, level: Level) -> Rule:
        """The one rule that decides such a case."""
        fitting = (rule for rule in self.rules if rule.fits(union, product, level.name))
        return max(fitting, key=lambda rule: rule.rank)


class Routing(msgspec.Struct, frozen=True):
    """The policy in force: its version, and what it says."""

    version: int
    policy: RoutingPolicy

    def route(self, union: str, product: str, level: Level, centre: str = "") -> Route:
        """The route of a case that is submitted now.

        Args:
            centre: where the union's central cases are pooled; empty for nowhere.
        """
        rule = self.policy.rule(union, product, level)
        pooled = rule.locality is Locality.CENTRAL and level > Level.A1
        return Route(
            rule.timing,
            rule.locality,
            self.version,
            rule.assign,
            rule.priority,
            centre if pooled else "",
        )

    def over_link(
        self, assessment: Assessment, link_kbps: int, thresholds: Thresholds
    ) -> Assessment:
        """Nobody waits at the table for a link that is too slow: SYNC becomes ASYNC, flagged.

        Args:
            link_kbps: the terminal's uplink as it measured it, kbit/s; 0 where it could not.
        """
        if assessment.approvals == 0 or assessment.route.timing is Timing.ASYNC:
            return assessment
        fast = link_kbps >= thresholds.sync_kbps_min
        if fast or (link_kbps == 0 and self.policy.unknown_link is Timing.SYNC):
            return assessment
        return msgspec.structs.replace(
            assessment,
            flags=tuple(sorted({*assessment.flags, SLOW_LINK})),
            route=msgspec.structs.replace(assessment.route, timing=Timing.ASYNC),
        )


class BadPolicy(Exception):
    """A document cannot be used.

    Attributes:
        problems: sentences in Chinese, each naming the rule it is about.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_policy(text: str, products: Collection[str] = ()) -> RoutingPolicy:
    """Read a document, JSON when it begins with a brace, TOML otherwise.

    Args:
        products: codes that rules may name; empty to accept any.

    Raises:
        BadPolicy: with everything that is wrong.
    """
    if len(text.encode()) > TEXT_BYTES_MAX:
        raise BadPolicy(f"授权策略不能超过{TEXT_BYTES_MAX // 1024} KB。")
    document = _read(text)
    unknown = sorted(set(document) - {"rules", "unknown_link"})
    if unknown:
        raise BadPolicy(f"没有这一项设置：{'、'.join(unknown)}。")
    listed = document.get("rules")
    if not isinstance(listed, list) or not 0 < len(listed) <= RULES_MAX:
        raise BadPolicy(f"授权策略须有 1 至 {RULES_MAX} 条规则（rules）。")
    rules: list[Rule] = []
    problems: list[str] = []
    for number, raw in enumerate(listed, start=1):
        rule = _rule(raw, products)
        if isinstance(rule, Rule):
            rules.append(rule)
        else:
            problems.append(f"{_name(number, raw)}：{rule}。")
    problems = problems or _clashes(rules)
    unknown_link = document.get("unknown_link", Timing.SYNC)
    if unknown_link not in [*Timing]:
        problems.append("unknown_link 应为 sync、async。")
    if problems:
        raise BadPolicy(*problems)
    return RoutingPolicy(tuple(rules), Timing(unknown_link))


def _read(text: str) -> dict[str, Any]:
    try:
        if text.lstrip().startswith("{"):
            return decode_json(dict[str, Any], text.encode())
        return tomllib.loads(text)
    except BadFrame:
        raise BadPolicy("授权策略不是有效的 JSON。") from None
    except (ValueError, RecursionError) as problem:
        raise BadPolicy(f"授权策略不是有效的 TOML：{problem}") from None


_WORDS: Final[dict[str, list[str]]] = {
    "timing": [*Timing],
    "locality": [*Locality],
    "assign": [*Assign],
    "level": ["", "A2", "A3", "A4"],
}
"""What may stand in a rule."""


def _rule(raw: object, products: Collection[str]) -> Rule | str:
    """One rule, or what is wrong with it."""
    if not isinstance(raw, dict):
        return "应为一组设置"
    for name in ("timing", "locality"):
        if name not in raw:
            return f"缺少 {name}"
    for name, words in _WORDS.items():
        if raw.get(name, words[0]) not in words:
            return f"{name} 应为 {'、'.join(word for word in words if word)}"
    unknown = sorted(set(raw) - set(Rule.__struct_fields__))
    if unknown:
        return f"没有这一项：{'、'.join(unknown)}"
    try:
        rule = msgspec.convert(raw, Rule)
    except msgspec.ValidationError as problem:
        return f"类型不对（{problem}）"
    return _unfit(rule, products) or rule


def _unfit(rule: Rule, products: Collection[str]) -> str:
    if not 0 <= rule.priority <= PRIORITY_MAX:
        return f"priority 应为 0 至 {PRIORITY_MAX}"
    if rule.assign is Assign.RANDOM and rule.locality is not Locality.CENTRAL:
        return "assign 为 random 时 locality 须为 central"
    if rule.union and not is_label(rule.union):
        return "union 应为联社编号"
    if products and rule.product and rule.product not in products:
        return f"没有业务 {rule.product}"
    return ""


def _clashes(rules: list[Rule]) -> list[str]:
    """No two rules name the same, and one is the default."""
    problems = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, rule in enumerate(rules, start=1):
        first = seen.setdefault(rule.selector, number)
        if first != number:
            problems.append(f"第{number}条规则与第{first}条规则针对的业务相同。")
    if ("", "", "") not in seen:
        problems.append("缺少默认规则：须有一条不写 union、product、level 的规则。")
    return problems


def _name(number: int, raw: object) -> str:
    """A rule as its writer finds it again: its place, and what it names."""
    named = raw if isinstance(raw, dict) else {}
    parts = [f"{key}={named[key]}" for key in ("union", "product", "level") if key in named]
    return f"第{number}条规则" + (f"（{'，'.join(parts)}）" if parts else "")


DEFAULT_POLICY: Final = parse_policy(DEFAULT_TEXT)
DEFAULT_ROUTING: Final = Routing(1, DEFAULT_POLICY)


__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_ROUTING",
    "DEFAULT_TEXT",
    "PRIORITY_MAX",
    "RULES_MAX",
    "TEXT_BYTES_MAX",
    "BadPolicy",
    "Routing",
    "RoutingPolicy",
    "Rule",
    "parse_policy",
]
