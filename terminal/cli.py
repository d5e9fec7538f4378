"""`backpack terminal`: the runtime of a teller's tablet, with its page on loopback."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from actors.blobs import BlobError
from actors.log import configure_log
from actors.store import StoreError
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
from terminal.clerk import StuckError
from terminal.running import CannotInject, Options, run_terminal
from wire.errors import WireError

FAILURES: Final[dict[type[Exception], int]] = {
    StuckError: EXIT_REFUSED,
    **dict.fromkeys(
        (WireError, CannotInject, FolderUnusable, StoreError, BlobError, SupervisionError, OSError),
        EXIT_FAILED,
    ),
}
"""What a person can put right."""


def terminal(
    data: Folder = Path("terminal-data"),
    name: Annotated[str, typer.Option(help="设备编号，首次启动时需要 · Device id.")] = "",
    invitation: Annotated[
        Path | None, typer.Option(help="邀请码文件，首次启动时需要 · File with the invitation.")
    ] = None,
    pad_key: Annotated[
        Path | None, typer.Option(help="密码键盘密钥文件 · Key to inject into the virtual PIN pad.")
    ] = None,
    operator: Operators = None,
    auto: Annotated[
        list[str] | None, typer.Option(help="自动办理的业务编码 · Products to work through.")
    ] = None,
    staff_id: Annotated[str, typer.Option(help="自动办理的工号 · For --auto.")] = "",
    passcode_file: Annotated[
        Path | None, typer.Option(help="自动办理的密码文件 · For --auto.")
    ] = None,
    colleague_id: Annotated[
        str, typer.Option(help="自动办理时到场同事的工号 · Second person for --auto.")
    ] = "",
    colleague_passcode_file: Annotated[
        Path | None, typer.Option(help="到场同事的密码文件 · For --colleague-id.")
    ] = None,
    phones: Annotated[
        Path | None, typer.Option(help="培训后台的短信目录 · Folder of a training office's texts.")
    ] = None,
    port: Port = 0,
    lasting_link: LastingLink = False,
    log: Log = "warning",
) -> None:
    """Run a terminal until Ctrl-C; prints one JSON line with the address of its page.

    `backpack open` lets a browser into the page.

    运行柜员终端，按 Ctrl-C 结束；用 backpack open 打开页面；断网可继续采集，联网后自动发送。
    """
    configure_log(LOG_LEVELS[log])
    options = Options(
        folder=data,
        name=name,
        invitation=text_of(invitation),
        pad_key=pad_key,
        operators=tuple(bytes.fromhex(key) for key in operator or ()),
        auto=tuple(auto or ()),
        staff_id=staff_id,
        passcode=text_of(passcode_file),
        colleague_id=colleague_id,
        colleague_passcode=text_of(colleague_passcode_file),
        phones=phones,
        port=port,
        lasting_link=lasting_link,
    )
    run(partial(run_terminal, options, say), FAILURES)
