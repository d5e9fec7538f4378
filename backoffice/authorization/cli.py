"""`backpack policy`: read the routing policy of a running office, change it, take a change back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from backoffice.authorization.policy import TEXT_BYTES_MAX, BadPolicy, parse_policy
from supervisors.cli import EXIT_FAILED, Connect, Json, Key, ask, fail, told
from wire.checks import CHINA
from wire.codec import encode_json
from wire.messages.policy import (
    GetPolicy,
    PolicyHistory,
    PolicyText,
    PolicyVersion,
    RollbackPolicy,
    SetPolicy,
)

Note = Annotated[str, typer.Option(help="变更说明，必填 · Why; required.")]

policy = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help=(
        "Who authorizes where and when: read, change and restore the routing policy.\n\n"
        "授权方式（同步或异步、网点、联社或集中）：查看、变更、恢复。变更只影响此后提交的业务。"
    ),
)


@policy.command(short_help="显示策略全文 · Print a document")
def show(
    connect: Connect,
    key: Key,
    version: Annotated[int, typer.Option(help="版本，0 为当前 · Version; 0 is in force.")] = 0,
    json: Json = False,
) -> None:
    """Print a version's document, ready to be edited and set again.

    显示授权策略全文，可修改后重新下发。
    """
    page = ask(connect, key, GetPolicy(version))
    if json:
        print(encode_json(page).decode())  # noqa: T201 - stdout is this command's data
        return
    print(f"# {_line(page.about)}\n{page.text}", end="")  # noqa: T201 - as above


@policy.command("set", short_help="下发策略 · Put a document in force")
def put(
    file: Annotated[Path, typer.Argument(help="策略文件，TOML 或 JSON · The document.")],
    connect: Connect,
    key: Key,
    note: Note,
    base: Annotated[
        int, typer.Option(help="所依据的版本，0 为不检查 · Version started from; 0: any.")
    ] = 0,
    json: Json = False,
) -> None:
    """Put a document in force for every case that is submitted from now on.

    下发授权策略，立即对新提交的业务生效；在途业务不变。
    """
    _done(ask(connect, key, SetPolicy(_text(file), note, base)), json=json)


@policy.command(short_help="历次版本 · List the versions")
def history(connect: Connect, key: Key, json: Json = False) -> None:
    """List the versions, newest first: when, by whom, why.

    列出历次版本：时间、操作人、说明。
    """
    known = ask(connect, key, PolicyHistory())
    if json:
        print(encode_json(known).decode())  # noqa: T201 - stdout is this command's data
        return
    for about in known.versions:
        print(_line(about))  # noqa: T201 - as above


@policy.command(short_help="恢复旧版本 · Restore a former version")
def rollback(
    version: Annotated[int, typer.Argument(help="要恢复的版本 · The version to restore.")],
    connect: Connect,
    key: Key,
    note: Note,
    json: Json = False,
) -> None:
    """Make a new version with the content of a former one.

    恢复到以前的版本：以其内容生成新版本，历史不改动。
    """
    _done(ask(connect, key, RollbackPolicy(version, note)), json=json)


def _text(file: Path) -> str:
    """The document; what the office would refuse for its form is told before anything is sent."""
    try:
        with file.open("rb") as document:
            text = document.read(TEXT_BYTES_MAX + 1).decode()
    except OSError as error:
        fail(f"文件不可读 · cannot read: {told(error)}", EXIT_FAILED)
    except UnicodeDecodeError:
        fail(f"文件不是文本 · no text: {file}", EXIT_FAILED)
    try:
        parse_policy(text)
    except BadPolicy as bad:
        fail(f"策略有误 · not valid:\n{bad}", EXIT_FAILED)
    return text


def _done(page: PolicyText, *, json: bool) -> None:
    print(encode_json(page).decode() if json else _line(page.about))  # noqa: T201 - data


def _line(about: PolicyVersion) -> str:
    """One version on one line, at the bank's own time."""
    at = dt.datetime.fromtimestamp(about.at_ms / 1000, CHINA).isoformat(" ", "seconds")[:19]
    restored = f" ← {about.restored}" if about.restored else ""
    when = at if about.at_ms else "-"
    return f"{about.version}{restored}\t{when}\t{about.author or '-'}\t{about.note}"


__all__ = ["policy"]
