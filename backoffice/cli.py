"""`backpack office`, `demo`, `verify`, `invite`, `revoke`, `staff`: runs and keeps an office."""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actors.log import configure_log
from actors.outside import production_outside
from actors.store import StoreError
from backoffice.demo import DemoFailed, Interrupted, as_text, run_on, run_once
from backoffice.hsm import BadModule
from backoffice.premises import Premises
from backoffice.product import products
from backoffice.running import CannotSetUp, run_office
from backoffice.staff import BadRoster, Member
from backoffice.verify.office import NoOffice, render_text, verify_folder
from supervisors.cli import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    LOG_LEVELS,
    Connect,
    Folder,
    Json,
    Key,
    Lang,
    Log,
    Port,
    ask,
    fail,
    run,
    say,
    told,
)
from supervisors.errors import SupervisionError
from supervisors.folder import FolderInUse
from wire.codec import encode_json
from wire.errors import WireError
from wire.messages.session import Invite, Revoke, Role, StaffCard
from wire.passcode import Cost, hash_passcode

FAILURES: Final[dict[type[Exception], int]] = dict.fromkeys(
    (
        BadRoster,
        BadModule,
        CannotSetUp,
        FolderInUse,
        StoreError,
        SupervisionError,
        WireError,
        OSError,
    ),
    EXIT_FAILED,
)
"""What a person can put right."""


def office(
    data: Folder = Path("office-data"),
    host: Annotated[str, typer.Option(help="监听地址 · Address to listen on.")] = "127.0.0.1",
    port: Port = 7420,
    training: Annotated[
        bool, typer.Option("--training", help="培训环境：预置人员与设备 · With training people.")
    ] = False,
    log: Log = "warning",
) -> None:
    """Run the back office until Ctrl-C; prints one JSON line when it can be reached.

    运行后台，按 Ctrl-C 结束。数据目录首次启动时自动建立。
    """
    configure_log(LOG_LEVELS[log])
    run(partial(run_office, data, host, port, training=training, say=say), FAILURES)


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="自动办完一张卡后退出 · Issue one card and exit.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="只输出一个 JSON 对象 · One JSON object.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="数据目录，缺省为临时目录 · Folder; a new one by default.")
    ] = None,
) -> None:
    """A whole bank on this machine: an office, a desk and a terminal as separate processes.

    在本机演示整个银行：后台、授权台、终端三个进程。不带 --once 时打印页面地址，按 Ctrl-C 结束。
    """
    folder = data or Path(tempfile.mkdtemp(prefix="backpack-demo-"))
    failures = {Interrupted: EXIT_INTERRUPTED, DemoFailed: EXIT_FAILED, OSError: EXIT_FAILED}
    if once:
        run(partial(run_once, folder, say if json else _say_as_text), failures)
    else:
        run(partial(run_on, folder, say if json else _ignore), failures)


def verify(data: Folder = Path("office-data"), json: Json = False, lang: Lang = "zh") -> None:
    """Check audit chain, ledger and case histories of a stopped or running office.

    核验审计链、账务与业务历史；发现被改动时退出码为 1，并指出何处。
    """
    try:
        report = verify_folder(data, products())
    except (NoOffice, StoreError) as error:
        fail(f"不能核验 · cannot verify: {error}", EXIT_FAILED)
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
    data: Folder = Path("office-data"),
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
        fail(f"不能登记 · cannot add: {told(error)}", EXIT_FAILED)


def _say_as_text(result: dict[str, Any]) -> None:
    print(as_text(result))  # noqa: T201 - data


def _ignore(_event: object) -> None:
    """Nobody reads standard output."""
