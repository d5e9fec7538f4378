"""`backpack office`, `verify`, `invite`, `revoke` and `staff`: what runs and keeps an office."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, Literal

import trio
import typer

from actors.log import configure_log
from actors.outside import production_outside
from actors.store import StoreError
from backoffice.hsm import BadModule
from backoffice.premises import Premises
from backoffice.product import products
from backoffice.running import run_office
from backoffice.staff import BadRoster, Member
from backoffice.verify import NoOffice, render_text, verify_folder
from supervisors.cli import EXIT_FAILED, Connect, Json, Key, ask, fail, say
from wire.codec import encode_json
from wire.keys import KeyFileUnusable
from wire.messages.session import Invite, Revoke, Role, StaffCard
from wire.passcode import Cost, hash_passcode

LOG_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}

Lang = Annotated[Literal["zh", "en"], typer.Option(help="文字 · Language.")]
Data = Annotated[Path, typer.Option(help="数据目录 · The office's folder.")]


def office(
    data: Data = Path("office-data"),
    host: Annotated[str, typer.Option(help="监听地址 · Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="监听端口 · Port.")] = 7420,
    training: Annotated[
        bool, typer.Option("--training", help="培训环境：预置人员与设备 · With training people.")
    ] = False,
    log: Annotated[str, typer.Option(help="debug, info, warning, error")] = "warning",
) -> None:
    """Run the back office until Ctrl-C; prints one JSON line when it can be reached.

    运行后台，按 Ctrl-C 结束。数据目录首次启动时自动建立。
    """
    configure_log(LOG_LEVELS.get(log, 30))
    try:
        trio.run(lambda: run_office(data, host, port, training=training, say=say))
    except (BadRoster, KeyFileUnusable, BadModule, StoreError, OSError) as error:
        fail(str(error), EXIT_FAILED)


def verify(data: Data = Path("office-data"), json: Json = False, lang: Lang = "zh") -> None:
    """Check audit chain, ledger and case histories of a stopped or running office.

    核验审计链、账务与业务历史；发现被改动时退出码为 1，并指出何处。
    """
    try:
        report = verify_folder(data, products())
    except (NoOffice, StoreError) as error:
        fail(str(error), EXIT_FAILED)
    print(encode_json(report).decode() if json else render_text(report, lang))  # noqa: T201 - data
    if report.findings:
        raise typer.Exit(EXIT_FAILED)


def invite(
    connect: Connect,
    key: Key,
    name: Annotated[str, typer.Option(help="设备编号，如 T-0042 · Device id.")],
    outlet: Annotated[str, typer.Option(help="网点编号 · Outlet code.")],
    union: Annotated[str, typer.Option(help="联社编号 · County union code.")],
    role: Annotated[Role, typer.Option(help="设备用途 · What it is for.")] = Role.TERMINAL,
    json: Json = False,
) -> None:
    """Print the one-time invitation of a new device, the text of its QR code.

    生成新设备的一次性邀请码，24 小时内有效。
    """
    invited = ask(connect, key, Invite(role, name, outlet, union))
    print(encode_json(invited).decode() if json else invited.uri)  # noqa: T201 - data


def revoke(
    connect: Connect,
    key: Key,
    device: Annotated[str, typer.Option(help="设备编号 · Device id.")],
    json: Json = False,
) -> None:
    """Refuse a device from now on and close its sessions.

    立即停用一台设备并断开其连接，不可恢复。
    """
    revoked = ask(connect, key, Revoke(device))
    print(encode_json(revoked).decode() if json else revoked.device)  # noqa: T201 - data


def staff(
    staff_id: Annotated[str, typer.Option(help="工号 · Staff id.")],
    name: Annotated[str, typer.Option(help="姓名 · Display name.")],
    outlet: Annotated[str, typer.Option(help="网点编号 · Outlet code.")],
    union: Annotated[str, typer.Option(help="联社编号 · County union code.")],
    role: Annotated[Role, typer.Option(help="terminal 柜员, desk 授权员")],
    data: Data = Path("office-data"),
    person_id: Annotated[str, typer.Option(help="人员编号，缺省同工号 · The person.")] = "",
    level: Annotated[str, typer.Option(help="授权级别 A0, A2…A4 · Level.")] = "A0",
) -> None:
    """Add a member of staff, or give one a new passcode; reads the passcode from standard input.

    登记人员或重置密码；密码从标准输入读取，不会回显或保存明文。重启后台后生效。
    """
    prompt = "密码 passcode: "
    shown = sys.stdin.isatty()
    passcode = typer.prompt(prompt, hide_input=True) if shown else sys.stdin.readline().strip()
    if len(passcode) < 6:
        fail("密码至少6位 · a passcode has at least 6 characters", EXIT_FAILED)
    outside = production_outside()
    card = StaffCard(staff_id, person_id or f"P-{staff_id}", name, outlet, union)
    hashed = hash_passcode(passcode, outside.entropy, Cost.INTERACTIVE)
    try:
        Premises(data).add_staff(Member(card, role, hashed, level))
    except (BadRoster, OSError) as error:
        fail(str(error), EXIT_FAILED)
