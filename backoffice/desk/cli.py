"""`backpack desk`: an authorizer's desk client, with its page on loopback."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from actors.log import configure_log
from backoffice.desk.clerk import SignInRefused
from backoffice.desk.running import Options, run_desk
from supervisors.cli import (
    EXIT_FAILED,
    EXIT_REFUSED,
    LOG_LEVELS,
    Folder,
    LastingLink,
    Log,
    Operators,
    Port,
    run,
    say,
    text_of,
)
from supervisors.errors import SupervisionError
from supervisors.folder import FolderUnusable
from wire.errors import WireError

FAILURES: Final[dict[type[Exception], int]] = {
    SignInRefused: EXIT_REFUSED,
    **dict.fromkeys((WireError, FolderUnusable, SupervisionError, OSError), EXIT_FAILED),
}
"""What a person can put right."""


def desk(
    data: Folder = Path("desk-data"),
    name: Annotated[str, typer.Option(help="设备编号，首次启动时需要 · Device id.")] = "",
    invitation: Annotated[
        Path | None, typer.Option(help="邀请码文件，首次启动时需要 · File with the invitation.")
    ] = None,
    operator: Operators = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="自动通过一致的业务 · Approve whatever agrees.")
    ] = False,
    staff_id: Annotated[str, typer.Option(help="自动授权的工号 · For --auto.")] = "",
    passcode_file: Annotated[
        Path | None, typer.Option(help="自动授权的密码文件 · For --auto.")
    ] = None,
    port: Port = 0,
    lasting_link: LastingLink = False,
    log: Log = "warning",
) -> None:
    """Run a desk until Ctrl-C; prints one JSON line with the address of its page.

    `backpack open` lets a browser into the page.

    运行授权台，按 Ctrl-C 结束；用 backpack open 打开页面。
    """
    configure_log(LOG_LEVELS[log])
    options = Options(
        folder=data,
        name=name,
        invitation=text_of(invitation),
        operators=tuple(bytes.fromhex(key) for key in operator or ()),
        auto=auto,
        staff_id=staff_id,
        passcode=text_of(passcode_file),
        port=port,
        lasting_link=lasting_link,
    )
    run(partial(run_desk, options, say), FAILURES)
