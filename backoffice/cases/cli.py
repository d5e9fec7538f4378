"""`backpack manual`: what the machine gave up, and how people settle it, leg by leg."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from actors.outside import production_outside
from actors.store import StoreError
from actors.store.sqlite.file import open_readonly
from backoffice.cases.stuck import COLLECTION
from backoffice.partners.operations.parties import TITLES as PARTNERS
from backoffice.partners.operations.parties import Partner
from backoffice.verify.office import NoOffice, database_of
from supervisors.cli import (
    EXIT_FAILED,
    EXIT_REFUSED,
    Connect,
    Json,
    Key,
    Lang,
    ask,
    fail,
)
from supervisors.folder import is_held
from wire.case_state import TITLES
from wire.checks import CHINA
from wire.codec import decode, encode, encode_json
from wire.errors import WireError
from wire.keys import SETTLEMENT, DeviceKeys
from wire.messages.settlement import (
    Act,
    Deed,
    InquireManual,
    ListManual,
    ManualCase,
    ManualCases,
    ManualFile,
    ManualLeg,
    OpenManual,
    Proposal,
    SettleManual,
    Word,
)

STANDINGS: Final[dict[str, tuple[str, str]]] = {
    "asked": ("预处理结果不明", "preparing, unknown"),
    "prepared": ("已预占", "prepared"),
    "declined": ("已拒绝", "declined"),
    "committing": ("入账结果不明", "committing, unknown"),
    "committed": ("已入账", "committed"),
    "failed": ("未入账", "failed"),
    "aborting": ("撤销结果不明", "aborting, unknown"),
    "aborted": ("已撤销", "aborted"),
    "reversed": ("已冲正", "reversed"),
    "made_good": ("已另行处理", "made good elsewhere"),
}
"""Standing → (Simplified Chinese, English)."""

DEEDS: Final[dict[Deed, tuple[str, str]]] = {
    Deed.DONE: ("核定为已办理", "done"),
    Deed.NOT_DONE: ("核定为未办理", "not done"),
    Deed.REVERSE: ("冲正", "reverse"),
}
"""Deed → (Simplified Chinese, English)."""

Case = Annotated[str, typer.Argument(help="业务编号 · The case's id.")]
Leg = Annotated[str, typer.Argument(help="分项名称或流水号 · A leg's name or key.")]
Union = Annotated[str, typer.Option(help="联社编号，缺省自动查找 · County union; found if empty.")]
Staff = Annotated[str, typer.Option(help="工号，密码从标准输入读取 · Staff id; passcode on stdin.")]
Evidence = Annotated[
    str, typer.Option(help="核实依据，提出时必填 · How you know; required to propose.")
]
Confirm = Annotated[
    bool, typer.Option("--confirm", help="复核另一人提出的意见 · Confirm another's proposal.")
]
Withdraw = Annotated[bool, typer.Option("--withdraw", help="撤回意见 · Take a proposal back.")]

manual = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help=(
        "Cases that the machine gave up: ask partners again, settle or reverse them leg by leg.\n\n"
        "转人工处理的业务：逐项重新查询、核定、冲正。核定与冲正须两人办理：一人提出并说明依据，另一人复核。"
    ),
)


@manual.command("list", short_help="列出待处理业务 · List what waits for people")
def show_all(
    data: Annotated[
        Path | None, typer.Option(help="后台数据目录，只读 · An office's folder, read only.")
    ] = None,
    connect: Annotated[
        str, typer.Option(help="后台启动时打印的地址 · Address of a running office.")
    ] = "",
    key: Annotated[
        Path | None, typer.Option(help="运维密钥 operator/device.key · The operator's key file.")
    ] = None,
    union: Annotated[str, typer.Option(help="只看一个联社 · Of one county union.")] = "",
    json: Json = False,
    lang: Lang = "zh",
) -> None:
    """List every case that waits for people, with where each leg stands.

    列出转人工处理的业务及各分项状态；--data 读取数据目录，--connect 询问运行中的后台。
    """
    if (data is None) == (not connect):
        raise typer.BadParameter("--data 与 --connect 须选其一 · choose one of them")
    if data is not None:
        cases = _read(data, union)
    elif key is None:
        raise typer.BadParameter("--connect 须同时给出 --key · needs --key")
    else:
        cases = _listed(connect, key, union)
    if json:
        print(encode_json(cases).decode())  # noqa: T201 - stdout is this command's data
        return
    nothing = ("没有待人工处理的业务。", "Nothing waits for people.")[lang == "en"]
    print("\n".join(_case_lines(case, lang) for case in cases) or nothing)  # noqa: T201 - as above


@manual.command(short_help="查看一笔业务 · Look at one")
def show(
    case: Case,
    connect: Connect,
    key: Key,
    union: Union = "",
    json: Json = False,
    lang: Lang = "zh",
) -> None:
    """Show a case's legs, what partners said last, and what was proposed.

    查看一笔业务的各分项、对方最近的答复和待复核的意见。
    """
    _print(_opened(connect, key, union, case), json=json, lang=lang)


@manual.command(short_help="重新查询 · Ask partners again")
def inquire(
    case: Case,
    connect: Connect,
    key: Key,
    leg: Annotated[str, typer.Argument(help="分项，缺省为全部 · A leg; all by default.")] = "",
    union: Union = "",
    json: Json = False,
    lang: Lang = "zh",
) -> None:
    """Have partners asked again, now, by the same keys; a definite answer is taken.

    立即按原流水号向合作机构重新查询；有明确结果的自动继续办理。
    """
    union = union or _union_of(connect, key, case)
    _print(ask(connect, key, InquireManual(union, case, leg)), json=json, lang=lang)


@manual.command(short_help="核定一个分项 · Settle a leg")
def settle(
    case: Case,
    leg: Leg,
    connect: Connect,
    key: Key,
    staff: Staff,
    done: Annotated[
        bool | None,
        typer.Option("--done/--not-done", help="对方已办理或未办理 · The partner did, or not."),
    ] = None,
    evidence: Evidence = "",
    confirm: Confirm = False,
    withdraw: Withdraw = False,
    union: Union = "",
    json: Json = False,
    lang: Lang = "zh",
) -> None:
    """Say what became of a leg at its partner: one person proposes, another confirms.

    核定一个分项是否已办理：一人提出并说明依据，另一人加 --confirm 复核后生效。
    """
    if done is None:
        raise typer.BadParameter("须给出 --done 或 --not-done · say --done or --not-done")
    deed = Deed.DONE if done else Deed.NOT_DONE
    act = _act(confirm=confirm, withdraw=withdraw)
    said = _say(connect, key, union, case, leg, act, deed, staff, evidence)
    _print(said, json=json, lang=lang)


@manual.command(short_help="冲正一个分项 · Reverse a leg")
def reverse(
    case: Case,
    leg: Leg,
    connect: Connect,
    key: Key,
    staff: Staff,
    evidence: Evidence = "",
    confirm: Confirm = False,
    withdraw: Withdraw = False,
    union: Union = "",
    json: Json = False,
    lang: Lang = "zh",
) -> None:
    """Have what a partner did undone by postings of its own: one proposes, another confirms.

    冲正一个已入账的分项：由对方另行记账冲回，原流水不删除；一人提出，另一人加 --confirm 复核。
    """
    act = _act(confirm=confirm, withdraw=withdraw)
    said = _say(connect, key, union, case, leg, act, Deed.REVERSE, staff, evidence)
    _print(said, json=json, lang=lang)


def _act(*, confirm: bool, withdraw: bool) -> Act:
    if confirm and withdraw:
        raise typer.BadParameter("--confirm 与 --withdraw 只能选一个 · exclude each other")
    return Act.CONFIRM if confirm else Act.WITHDRAW if withdraw else Act.PROPOSE


def _read(folder: Path, union: str) -> tuple[ManualCase, ...]:
    """What a folder holds; beside a running office it is said that more may follow."""
    try:
        with open_readonly(database_of(folder)) as archive:
            bodies = [one.body for one, _ in archive.documents() if one.collection == COLLECTION]
    except (NoOffice, StoreError) as error:
        fail(f"不能读取 · cannot read: {error}", EXIT_FAILED)
    if is_held(folder):
        notice = "后台正在运行，以下为此刻的数据；处理请用 --connect · an office is running here: "
        print(f"{notice}this is of now; use --connect to settle", file=sys.stderr)  # noqa: T201 - for people
    cases = [decode(ManualCase, body) for body in bodies if body is not None]
    return tuple(case for case in cases if union in ("", case.union))


def _listed(connect: str, key: Path, union: str) -> tuple[ManualCase, ...]:
    """Page after page."""
    found: list[ManualCase] = []
    page = ManualCases((), more=True)
    while page.more:
        after = f"{found[-1].union}/{found[-1].case_id}" if found else ""
        page = ask(connect, key, ListManual(union, after))
        found += page.cases
    return tuple(found)


def _union_of(connect: str, key: Path, case: str) -> str:
    """Where a case that waits for people is."""
    unions = [one.union for one in _listed(connect, key, "") if one.case_id == case]
    if not unions:
        fail(
            "没有待人工处理的这笔业务；已办结的请给出 --union · no such case waits; "
            "of one that is over say --union",
            EXIT_FAILED,
        )
    return unions[0]


def _opened(connect: str, key: Path, union: str, case: str) -> ManualFile:
    return ask(connect, key, OpenManual(union or _union_of(connect, key, case), case))


def _say(
    connect: str,
    key: Path,
    union: str,
    case: str,
    leg: str,
    act: Act,
    deed: Deed,
    staff: str,
    evidence: str,
) -> ManualFile:
    """The person's word, signed by the operator's key, bound to what the office shows now."""
    file = _opened(connect, key, union, case)
    named = _leg_of(file, leg)
    proposal = next((one for one in file.proposals if one.leg == named.key), None)
    if act is not Act.PROPOSE and proposal is not None:
        print(_proposal_line(proposal, "zh"), file=sys.stderr)  # noqa: T201 - for people
    word = Word(
        union=file.case.union,
        case_id=case,
        leg=named.key,
        act=act,
        deed=deed,
        evidence=evidence,
        staff_id=staff,
        said_ms=production_outside().wall.now_ms(),
        proposal=b"" if act is Act.PROPOSE or proposal is None else proposal.digest,
    )
    body = encode(word)
    try:
        signature = DeviceKeys.load(key).signing.sign(SETTLEMENT, body)
    except WireError as error:
        fail(f"密钥不可用 · the key cannot be used: {error}", EXIT_REFUSED)
    return ask(connect, key, SettleManual(body, signature, _passcode()))


def _leg_of(file: ManualFile, text: str) -> ManualLeg:
    """The leg that a name, or a key, means."""
    found = [leg for leg in file.case.legs if text in (leg.key, leg.name)]
    if not found:
        known = ", ".join(leg.name or leg.key for leg in file.case.legs)
        fail(f"没有这个分项 · no such leg: {text}; {known}", EXIT_FAILED)
    return found[0]


def _passcode() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("密码 passcode: ", hide_input=True))
    return sys.stdin.readline().strip()


def _print(file: ManualFile, *, json: bool, lang: str) -> None:
    """A case for people, or for a script."""
    if json:
        print(encode_json(file).decode())  # noqa: T201 - stdout is this command's data
        return
    one = 0 if lang == "zh" else 1
    said = {one.leg: one for one in file.said}
    lines = [_case_lines(file.case, lang)]
    for leg in file.case.legs:
        if leg.key in said:
            told = said[leg.key]
            word = ("对方答复", "the partner said")[one]
            lines.append(f"  {leg.name or leg.key}: {word} {told.status} {told.why}".rstrip())
        if leg.key in file.deciding:
            word = ("已核定，等待对方答复", "settled; the partner has not answered yet")[one]
            lines.append(f"  {leg.name or leg.key}: {word}")
    lines += [f"  {_proposal_line(one, lang)}" for one in file.proposals]
    print("\n".join(lines))  # noqa: T201 - as above


def _case_lines(case: ManualCase, lang: str) -> str:
    one = 0 if lang == "zh" else 1
    since = dt.datetime.fromtimestamp(case.since_ms / 1000, CHINA).isoformat(" ", "seconds")[:19]
    head = f"{case.case_id}\t{case.union}\t{case.product}\t{TITLES[case.state][one]}\t{since}"
    return "\n".join((head, *(_leg_line(leg, one) for leg in case.legs)))


def _leg_line(leg: ManualLeg, one: int) -> str:
    money = f"\t¥{leg.fen // 100:,}.{leg.fen % 100:02}" if leg.fen else ""
    partner, standing = PARTNERS[Partner(leg.partner)][one], STANDINGS[leg.standing][one]
    return f"  {leg.name or leg.key}\t{partner}\t{standing}{money}"


def _proposal_line(proposal: Proposal, lang: str) -> str:
    zh, en = DEEDS[proposal.deed]
    who = f"{proposal.name}（{proposal.staff_id}）"
    if lang == "zh":
        return f"待复核：{proposal.leg} {zh}，{who}：{proposal.evidence}"
    return f"Proposed: {proposal.leg} {en}, {who}: {proposal.evidence}"


__all__ = ["DEEDS", "STANDINGS", "manual"]
