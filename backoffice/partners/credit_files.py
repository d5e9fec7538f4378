"""Farmer files with their versions, and how changes by several people merge.

A change names the version that it was compared to. What nobody else touched since then merges; what
somebody did is refused, with the current version, because only a person can choose. So the last
writer never wins silently, and the history keeps every old value.

What a rating looks at counts as one thing: a change of it was weighed against the rest of it, and
that weight holds for no other rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from backoffice.partners.listing import day_line, facts_of, money_line
from backoffice.partners.operations import Household
from wire.codec import decode_json, encode_json
from wire.errors import BadFrame
from wire.message import Code, Refusal
from wire.messages.case import SlipLine
from wire.messages.lookups import Item

FIELDS: Final[Mapping[str, Any]] = {one.name: one.type for one in msgspec.structs.fields(Household)}
"""What can be changed, and its type."""


TITLES: Final = {
    "village": "所在村组",
    "members": "家庭成员",
    "crops": "种植情况",
    "livestock": "养殖情况",
    "debts": "负债情况",
    "house_fen": "房屋估值",
    "vehicles_fen": "车辆及农机估值",
    "savings_fen": "存款",
    "income_fen": "家庭年收入",
    "cost_fen": "家庭年支出",
    "insured": "农业保险",
    "experience_years": "从业年限",
}
"""What people call them: whoever is told that something changed must know what."""


RATED: Final = frozenset(
    {
        "members",
        "debts",
        "house_fen",
        "vehicles_fen",
        "savings_fen",
        "income_fen",
        "cost_fen",
        "experience_years",
    }
)
"""What a rating looks at."""


class Version(msgspec.Struct, frozen=True):
    """What one change did: old and new values as JSON text, by field; the first has neither."""

    at_ms: int
    old: dict[str, str]
    new: dict[str, str]


class Rating(msgspec.Struct, frozen=True):
    """A pre-rating of one version of the file by one version of the scorecard."""

    number: str
    file_version: int
    card: int
    points: int
    grade: str
    limit_fen: int
    at_ms: int


class FarmerFile(msgspec.Struct, frozen=True):
    """One household's file.

    Attributes:
        holder: ID number.
        household: as it is now.
        versions: the first is version 1.
        ratings: never changed, only added, or taken back by a reversal.
    """

    file_no: str
    holder: str
    household: Household
    versions: tuple[Version, ...]
    ratings: tuple[Rating, ...] = ()

    @property
    def version(self) -> int:
        """The current one."""
        return len(self.versions)

    @property
    def opened_ms(self) -> int:
        """When version 1 was made."""
        return self.versions[0].at_ms

    @property
    def changed_ms(self) -> int:
        """When the current version was made."""
        return self.versions[-1].at_ms


def new_file(file_no: str, holder: str, household: Household, at_ms: int) -> FarmerFile:
    """A file in version 1."""
    return FarmerFile(file_no, holder, household, (Version(at_ms, {}, {}),))


def supplement_objection(
    file: FarmerFile, base: int, changes: Mapping[str, str], waiting: Iterable[Mapping[str, str]]
) -> Refusal | None:
    """Why changes do not fit a file.

    Args:
        base: the version that they were compared to.
        changes: as in `SupplementFile`.
        waiting: changes of the same file that are prepared and not yet made.
    """
    if not 1 <= base <= file.version:
        words = f"档案当前为第{file.version}版，请重新读取档案后再补录"
        return Refusal(Code.STALE, words, "file")
    if not changes:
        return Refusal(Code.FORMAT, "没有需要补录的变更")
    for name, text in changes.items():
        if name not in TITLES:
            return Refusal(Code.FORMAT, "档案中没有这一项，不能补录", name)
        if not _fits(name, text):
            words = f"“{TITLES[name]}”的补录内容无法识别，请核对后重新填写"
            return Refusal(Code.FORMAT, words, name)
    since = {name for version in file.versions[base:] for name in version.new}
    under_way = {name for others in waiting for name in others}
    for name in changes:
        if name in since:
            words = f"“{TITLES[name]}”已被他人修改，档案当前为第{file.version}版，请核对后重新补录"
            return Refusal(Code.STALE, words, name)
        if name in under_way:
            words = f"“{TITLES[name]}”正在另一笔业务中修改，请在该业务办完后再办"
            return Refusal(Code.STALE, words, name)
    rated = next((name for name in changes if name in RATED), "")
    if rated and RATED & (since | under_way):
        words = f"影响评级的内容已有其他变更，档案当前为第{file.version}版，请核对后重新补录"
        return Refusal(Code.STALE, words, rated)
    return None


def supplement(file: FarmerFile, changes: Mapping[str, str], at_ms: int) -> FarmerFile:
    """The next version."""
    old = {name: encode_json(getattr(file.household, name)).decode() for name in changes}
    new = {name: decode_json(FIELDS[name], text.encode()) for name, text in changes.items()}
    household = msgspec.structs.replace(file.household, **new)
    version = Version(at_ms, old, dict(changes))
    return msgspec.structs.replace(file, household=household, versions=(*file.versions, version))


def file_item(file: FarmerFile) -> Item:
    """The file as `FarmerFiles` lists it."""
    home = file.household
    return Item(
        f"{file.file_no}@{file.version}",
        f"农户档案 {file.file_no} 第{file.version}版",
        f"Farmer file {file.file_no}, version {file.version}",
        lines=(
            SlipLine("村组", "Village", home.village),
            day_line("最近更新", "Last changed", file.changed_ms),
            money_line("家庭净资产", "Net worth", home.net_fen),
        ),
        facts=facts_of(
            file_no=file.file_no,
            version=file.version,
            opened_ms=file.opened_ms,
            changed_ms=file.changed_ms,
            net_fen=home.net_fen,
            assets_fen=home.assets_fen,
            debts_fen=home.debts_fen,
            members=len(home.members),
            labour=sum(member.labour for member in home.members),
            **{
                name: getattr(home, name)
                for name, kind in FIELDS.items()
                if kind in (str, int, bool)
            },
        ),
    )


def _fits(name: str, text: str) -> bool:
    """Whether a text is a value of a household's field; amounts and counts are never negative."""
    try:
        value = decode_json(FIELDS[name], text.encode())
    except BadFrame:
        return False
    return not isinstance(value, int) or value >= 0


__all__ = [
    "FIELDS",
    "RATED",
    "TITLES",
    "FarmerFile",
    "Rating",
    "Version",
    "file_item",
    "new_file",
    "supplement",
    "supplement_objection",
]
