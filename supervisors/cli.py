"""`backpack tree`: the live actor tree of a running office, terminal or desk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import trio
import typer

from supervisors import render
from supervisors.operator import ask_program
from supervisors.snapshot import Node
from wire.codec import decode_json, encode_json
from wire.errors import PeerRefused, WireError
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

Connect = Annotated[str, typer.Option(help="启动时打印的地址 · Address as the program printed it.")]
Key = Annotated[Path, typer.Option(help="运维密钥 operator/device.key · The operator's key file.")]
Json = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]


def tree(
    connect: Connect,
    key: Key,
    json: Json = False,
    dot: Annotated[bool, typer.Option("--dot", help="输出 Graphviz · Print Graphviz.")] = False,
    lang: Annotated[str, typer.Option(help="zh 或 en · Language of the header.")] = "zh",
) -> None:
    """Look into a running program: state, mailbox, rate, restarts and last error of every actor.

    查看运行中的监督树：每个参与者的状态、邮箱、速率、重启次数和最近错误。
    """
    if json and dot:
        raise typer.BadParameter("--json and --dot exclude each other")
    body = ask(connect, key, GetTree()).body
    if json:
        print(body.decode())  # noqa: T201 - stdout is this command's data
        return
    node = decode_json(Node, body)
    print(render.dot(node) if dot else render.text(node, lang=lang))  # noqa: T201 - as above


def ask(connect: str, key: Path, request: Request[T]) -> T:
    """Ask a running program as an operator; a failure ends this command with its exit code."""
    try:
        return trio.run(ask_program, connect, key, OPERATOR, request)
    except (KeyFileUnusable, NotEnrolled) as error:
        fail(str(error), EXIT_REFUSED)
    except PeerRefused as refused:
        fail(refused.refusal.message, EXIT_REFUSED)
    except WireError as error:
        fail(f"连接失败 · cannot connect: {error}", EXIT_CANNOT_CONNECT)


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
    "EXIT_REFUSED",
    "OPERATOR",
    "ask",
    "fail",
    "say",
    "tree",
]
