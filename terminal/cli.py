"""`backpack terminal`: the runtime of a teller's tablet, with its page on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import trio
import typer

from actors.log import configure_log
from actors.store import StoreError
from supervisors.cli import EXIT_FAILED, EXIT_REFUSED, fail, say
from terminal.clerk import StuckError
from terminal.running import CannotInject, Options, run_terminal
from wire.errors import WireError

LOG_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def terminal(
    data: Annotated[Path, typer.Option(help="数据目录 · The terminal's folder.")] = Path(
        "terminal-data"
    ),
    name: Annotated[str, typer.Option(help="设备编号，首次启动时需要 · Device id.")] = "",
    invitation: Annotated[
        Path | None, typer.Option(help="邀请码文件，首次启动时需要 · File with the invitation.")
    ] = None,
    pad_key: Annotated[
        Path | None, typer.Option(help="密码键盘密钥文件 · Key to inject into the virtual PIN pad.")
    ] = None,
    operator: Annotated[
        list[str] | None, typer.Option(help="可查看监督树的运维公钥（十六进制） · Hex key.")
    ] = None,
    auto: Annotated[
        list[str] | None, typer.Option(help="自动办理的业务编码 · Products to work through.")
    ] = None,
    staff_id: Annotated[str, typer.Option(help="自动办理的工号 · For --auto.")] = "",
    passcode_file: Annotated[
        Path | None, typer.Option(help="自动办理的密码文件 · For --auto.")
    ] = None,
    port: Annotated[int, typer.Option(help="页面端口，0 为随机 · Port of the page.")] = 0,
    log: Annotated[str, typer.Option(help="debug, info, warning, error")] = "warning",
) -> None:
    """Run a terminal until Ctrl-C; prints one JSON line with the address of its page.

    运行柜员终端，按 Ctrl-C 结束；断网可继续采集，联网后自动发送。
    """
    configure_log(LOG_LEVELS.get(log, 30))
    try:
        options = Options(
            folder=data,
            name=name,
            invitation=_text(invitation),
            pad_key=pad_key,
            operators=tuple(bytes.fromhex(key) for key in operator or ()),
            auto=tuple(auto or ()),
            staff_id=staff_id,
            passcode=_text(passcode_file),
            port=port,
        )
        trio.run(run_terminal, options, say)
    except StuckError as stuck:
        fail(str(stuck), EXIT_REFUSED)
    except (WireError, CannotInject, StoreError, OSError, ValueError) as error:
        fail(str(error), EXIT_FAILED)


def _text(path: Path | None) -> str:
    return path.read_text().strip() if path is not None else ""
