"""`backpack desk`: an authorizer's desk client, with its page on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import trio
import typer

from actors.log import configure_log
from backoffice.desk.running import Options, run_desk
from supervisors.cli import EXIT_FAILED, fail, say
from wire.errors import WireError

LOG_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def desk(
    data: Annotated[Path, typer.Option(help="数据目录 · The desk's folder.")] = Path("desk-data"),
    name: Annotated[str, typer.Option(help="设备编号，首次启动时需要 · Device id.")] = "",
    invitation: Annotated[
        Path | None, typer.Option(help="邀请码文件，首次启动时需要 · File with the invitation.")
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option(help="可查看监督树的运维公钥（十六进制） · Hex key.")
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="自动通过一致的业务 · Approve whatever agrees.")
    ] = False,
    staff_id: Annotated[str, typer.Option(help="自动授权的工号 · For --auto.")] = "",
    passcode_file: Annotated[
        Path | None, typer.Option(help="自动授权的密码文件 · For --auto.")
    ] = None,
    port: Annotated[int, typer.Option(help="页面端口，0 为随机 · Port of the page.")] = 0,
    log: Annotated[str, typer.Option(help="debug, info, warning, error")] = "warning",
) -> None:
    """Run a desk until Ctrl-C; prints one JSON line with the address of its page.

    运行授权台，按 Ctrl-C 结束。
    """
    configure_log(LOG_LEVELS.get(log, 30))
    try:
        options = Options(
            folder=data,
            name=name,
            invitation=_text(invitation),
            operators=tuple(bytes.fromhex(key) for key in operator or ()),
            auto=auto,
            staff_id=staff_id,
            passcode=_text(passcode_file),
            port=port,
        )
        trio.run(run_desk, options, say)
    except (WireError, OSError, ValueError) as error:
        fail(str(error), EXIT_FAILED)


def _text(path: Path | None) -> str:
    return path.read_text().strip() if path is not None else ""
