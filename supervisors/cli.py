"""`backpack tree`, `backpack open`, and what all commands share: options, exit codes, failures."""

from __future__ import annotations

import errno
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn, TypeVar

import trio
import typer

from actors.outside import production_outside
from supervisors import render
from supervisors.errors import collapse
from supervisors.operator import ask_program
from supervisors.snapshot import Node
from wire.codec import decode_json, encode_json
from wire.door_file import DOOR_FILE, LINK_LIFE_S, DoorFile, NoDoor
from wire.errors import PeerRefused, WireError
from wire.ids import LABEL_RULE, is_case_id, is_label
from wire.keys import KeyFileUnusable
from wire.membership import NotEnrolled
from wire.message import Request
from wire.messages.session import GetTree

T = TypeVar("T")

OPERATOR: Final = "O-0001"
"""The first operator of an office; see `backpack office`."""

EXIT_FAILED: Final = 1
EXIT_CANNOT_CONNECT: Final = 3
EXIT_REFUSED: Final = 4
EXIT_INTERRUPTED: Final = 130

PORT_MAX: Final = 65_535
KEY_BYTES: Final = 32
TEXT_BYTES_MAX: Final = 4096
"""The longest invitation or passcode file, in bytes."""

LOG_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _folder(path: Path) -> Path:
    if path.exists() and not path.is_dir():
        raise typer.BadParameter(f"{path} 不是目录 · is no folder")
    return path


def _port(port: int) -> int:
    if not 0 <= port <= PORT_MAX:
        raise typer.BadParameter(f"端口应为 0 至 {PORT_MAX} · a port is 0 to {PORT_MAX}")
    return port


def label(text: str) -> str:
    """Checks the id of a device, a person, a union or an outlet, as a callback of its option."""
    if not is_label(text):
        raise typer.BadParameter(" · ".join(LABEL_RULE))
    return text


def case_id(text: str) -> str:
    """Checks the id of a case, as a callback of its option."""
    if not is_case_id(text):
        raise typer.BadParameter("不是业务编号（UUIDv7） · no case id (UUIDv7)")
    return text


def _public_keys(texts: list[str] | None) -> list[str]:
    for text in texts or ():
        try:
            size = len(bytes.fromhex(text))
        except ValueError:
            size = 0
        if size != KEY_BYTES:
            raise typer.BadParameter("公钥应为 64 位十六进制数 · a public key is 64 hex digits")
    return texts or []


Folder = Annotated[Path, typer.Option(help="数据目录 · Folder of its data.", callback=_folder)]
Port = Annotated[int, typer.Option(help="端口，0 为随机 · Port; 0 for any.", callback=_port)]
LastingLink = Annotated[
    bool,
    typer.Option(
        "--lasting-link",
        help="打印的地址即可打开页面，仅供培训 · The printed address lets in; training only.",
    ),
]
Operators = Annotated[
    list[str] | None,
    typer.Option(help="可查看监督树的运维公钥 · Operator's key, hex.", callback=_public_keys),
]
Log = Annotated[
    Literal["debug", "info", "warning", "error"],
    typer.Option(help="日志级别 · What is logged to stderr."),
]
Lang = Annotated[Literal["zh", "en"], typer.Option(help="文字 · Language.")]
Connect = Annotated[str, typer.Option(help="启动时打印的地址 · Address as the program printed it.")]
Key = Annotated[Path, typer.Option(help="运维密钥 operator/device.key · The operator's key file.")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]


def tree(
    connect: Connect,
    key: Key,
    json: Json = False,
    dot: Annotated[bool, typer.Option("--dot", help="输出 Graphviz · Print Graphviz.")] = False,
    lang: Lang = "zh",
) -> None:
    """Look into a running program: state, mailbox, rate, restarts and last error of every actor.

    查看运行中的监督树：每个参与者的状态、邮箱、速率、重启次数和最近错误。
    """
    if json and dot:
        raise typer.BadParameter("--json 与 --dot 只能选一个 · exclude each other")
    body = ask(connect, key, GetTree()).body
    if json:
        print(body.decode())  # noqa: T201 - stdout is this command's data
        return
    node = decode_json(Node, body)
    print(render.dot(node) if dot else render.text(node, lang=lang))  # noqa: T201 - as above


def open_page(data: Folder = Path(), json: Json = False) -> None:
    """Print a link to the page of the terminal or desk that runs in a folder.

    It lets one browser in, once, within a minute. Windows that are open go on.

    打印一个链接，用来打开在此目录运行的柜员终端或授权台；一分钟内有效，只能用一次。已打开的窗口不受影响。
    """
    try:
        link = DoorFile.read(data).ask(production_outside().entropy)
    except NoDoor as problem:
        fail(
            f"此目录没有运行中的页面 · no page runs in this folder: {problem}{_below(data)}",
            EXIT_CANNOT_CONNECT,
        )
    except WireError as problem:
        fail(f"连接失败 · cannot connect: {problem}", EXIT_CANNOT_CONNECT)
    if json:
        say({"address": link, "seconds": LINK_LIFE_S})
        return
    print(link)  # noqa: T201 - stdout is this command's data


def _below(data: Path) -> str:
    """Which folders below do have a page: a bank in one folder has several."""
    found = sorted(str(path.parent) for path in data.glob(f"*/{DOOR_FILE}"))
    return f"; 可用 try --data {' | '.join(found)}" if found else ""


def ask(connect: str, key: Path, request: Request[T]) -> T:
    """Ask a running program as an operator; a failure ends this command with its exit code."""
    try:
        return trio.run(ask_program, connect, key, OPERATOR, request)
    except (KeyFileUnusable, NotEnrolled) as error:
        fail(f"密钥不可用 · the key cannot be used: {error}", EXIT_REFUSED)
    except PeerRefused as refused:
        fail(f"被拒绝 · refused: {refused.refusal.message}", EXIT_REFUSED)
    except WireError as error:
        fail(f"连接失败 · cannot connect: {error}", EXIT_CANNOT_CONNECT)


def run(program: Callable[[], Awaitable[None]], failures: Mapping[type[Exception], int]) -> None:
    """Run a program until it ends.

    Args:
        failures: what a person can put right, with the exit code; it is told in one sentence.
            Anything else is a fault of ours and keeps its traceback.
    """
    try:
        trio.run(program)
    except Exception as error:
        cause = collapse(error)
        for kind, code in failures.items():
            if isinstance(cause, kind):
                stopped = code == EXIT_INTERRUPTED
                fail(told(cause) if stopped else f"不能运行 · cannot run: {told(cause)}", code)
        raise


def told(error: BaseException) -> str:
    """An error in words for a person."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    words = _SYSTEM_SAYS.get(error.errno or 0, error.strerror)
    return f"{error.filename}: {words}" if error.filename else words


_SYSTEM_SAYS: Final = {
    errno.EADDRINUSE: "端口已被占用 · the port is taken",
    errno.ENOSPC: "磁盘已满 · the disk is full",
    errno.EROFS: "磁盘只读 · the disk is read-only",
    errno.EACCES: "没有权限 · permission denied",
}
"""What the system's errors are called, in both languages."""


def text_of(path: Path | None) -> str:
    """The text in a small file; empty without one. A file that cannot be read ends the command."""
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            return file.read(TEXT_BYTES_MAX).decode().strip()
    except OSError as error:
        fail(f"文件不可读 · cannot read: {told(error)}", EXIT_FAILED)
    except UnicodeDecodeError:
        fail(f"文件不是文本 · no text: {path}", EXIT_FAILED)


def say(event: object) -> None:
    """One JSON line on standard output, at once."""
    print(encode_json(event).decode(), flush=True)  # noqa: T201 - stdout is data


def fail(message: str, code: int) -> NoReturn:
    """A sentence for a person on standard error, and the exit code."""
    print(message, file=sys.stderr)  # noqa: T201 - for people
    raise typer.Exit(code)


__all__ = [
    "EXIT_CANNOT_CONNECT",
    "EXIT_FAILED",
    "EXIT_INTERRUPTED",
    "EXIT_REFUSED",
    "LOG_LEVELS",
    "OPERATOR",
    "Connect",
    "Folder",
    "Json",
    "Key",
    "Lang",
    "LastingLink",
    "Log",
    "Operators",
    "Port",
    "ask",
    "case_id",
    "fail",
    "label",
    "open_page",
    "run",
    "say",
    "text_of",
    "told",
    "tree",
]
