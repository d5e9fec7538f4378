"""`backpack slip`: the signed slip of one case as a PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from actors.store import StoreError
from backoffice.slips.filed import draw_filed
from backoffice.slips.proof import UnknownLayout
from backoffice.verify.office import NoOffice, database_of
from supervisors.cli import EXIT_FAILED, EXIT_REFUSED, Folder, case_id, fail, told
from wire.message import Refusal
from wire.private_file import write_private


def slip(
    case: Annotated[
        str, typer.Argument(help="业务编号 · The case's number, a UUID.", callback=case_id)
    ],
    data: Folder = Path("office-data"),
    out: Annotated[
        Path | None,
        typer.Option(help="写到哪个文件，- 为标准输出 · The file to write; - is stdout."),
    ] = None,
) -> None:
    """Draw the slip that a customer signed, from a stopped or running office, and print its path.

    绘制客户已签字的业务确认单（PDF），每次绘制逐字节相同；缺省写到当前目录的 业务编号.pdf。
    """
    try:
        drawn = draw_filed(database_of(data), case)
    except (NoOffice, StoreError, UnknownLayout, OSError) as error:
        fail(f"不能绘制 · cannot draw: {told(error)}", EXIT_FAILED)
    if isinstance(drawn, Refusal):
        fail(f"不能绘制 · cannot draw: {drawn.message} ({drawn.code})", EXIT_REFUSED)
    if out is not None and str(out) == "-":
        sys.stdout.buffer.write(drawn)
        return
    path = out or Path(f"{case}.pdf")
    try:
        write_private(path, drawn)
    except OSError as error:
        fail(f"不能写入 · cannot write: {told(error)}", EXIT_FAILED)
    print(path)  # noqa: T201 - data


__all__ = ["slip"]
