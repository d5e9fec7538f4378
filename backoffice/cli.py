"""`backpack office`, `verify`, `reconcile`, `invite` and the others that run and keep an office."""

from __future__ import annotations

import sys
import tempfile
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from actors.blobs import BlobError
from actors.log import configure_log
from actors.outside import production_outside
from actors.store import StoreError
from backoffice.catalogue import BadProduct, products
from backoffice.configuration.file import BadConfiguration, read_settings
from backoffice.configuration.settings import Settings
from backoffice.configuration.text import as_toml, as_tree
from backoffice.demo import every, once
from backoffice.demo.people import run_on
from backoffice.demo.process import DemoFailed, Interrupted
from backoffice.founding import WrongLedger
from backoffice.hsm import BadModule
from backoffice.partners.connections import NotConnected
from backoffice.premises import Premises
from backoffice.product import Product
from backoffice.reconcile import reconcile_folder, render_reconciliation
from backoffice.running import CannotSetUp, run_office
from backoffice.staff import BadRoster, Member, doubtful
from backoffice.verify.logs import BadHead, KeptHead
from backoffice.verify.office import (
    Language,
    NoOffice,
    database_of,
    render_json,
    render_text,
    verify_folder,
)
from backoffice.verify.slip import render_slip_report, verify_slip
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
    label,
    run,
    say,
    told,
)
from supervisors.errors import SupervisionError
from supervisors.folder import FolderUnusable
from wire.codec import encode_json
from wire.errors import WireError
from wire.form import Field
from wire.keys import DeviceKeys
from wire.messages.session import Invite, Revoke, Role, StaffCard
from wire.passcode import Cost, hash_passcode

Config = Annotated[
    Path | None, typer.Option("--config", help="配置文件（TOML） · Configuration file.")
]


class ProductLine(msgspec.Struct, frozen=True):
    """A product as `backpack products --json` prints it."""

    code: str
    title_zh: str
    title_en: str
    category: str
    needs: tuple[str, ...]
    fields: tuple[Field, ...]

    @classmethod
    def of(cls, product: Product) -> ProductLine:
        """The line of a product."""
        needs, fields = tuple(sorted(product.needs)), product.form.fields
        return cls(
            product.code, product.title_zh, product.title_en, product.category, needs, fields
        )


FAILURES: Final[dict[type[Exception], int]] = dict.fromkeys(
    (
        BadConfiguration,
        BadRoster,
        BadModule,
        BadProduct,
        CannotSetUp,
        NotConnected,
        FolderUnusable,
        StoreError,
        BlobError,
        SupervisionError,
        WireError,
        WrongLedger,
        OSError,
    ),
    EXIT_FAILED,
)
"""What a person can put right."""


def _person(text: str | None) -> str:
    if text is None:
        raise typer.BadParameter(
            "须写明人员编号：同一人的各个工号须用同一编号，双人控制按此认人"
            " · say who the human being is: the same id under each of their staff ids"
        )
    return label(text)


def _head(text: str | None) -> str | None:
    try:
        if text is not None:
            KeptHead.read(text)
    except BadHead:
        raise typer.BadParameter(
            "审计链头应为 verify 打印的十六进制串，或 64 位十六进制的根"
            " · an audit head is the hex text that verify printed, or a root of 64 hex digits"
        ) from None
    return text


def office(
    data: Folder = Path("office-data"),
    host: Annotated[str, typer.Option(help="监听地址 · Address to listen on.")] = "127.0.0.1",
    port: Port = 7420,
    training: Annotated[
        bool, typer.Option("--training", help="培训环境：预置人员与设备 · With training people.")
    ] = False,
    config: Config = None,
    store: Annotated[
        str,
        typer.Option(
            help="账本位置：sqlite:路径 或 postgresql://用户@主机/数据库，缺省在数据目录 · "
            "Where the ledger lies: sqlite:PATH or postgresql://user@host/database; "
            "in the data folder by default."
        ),
    ] = "",
    log: Log = "warning",
) -> None:
    """Run the back office until Ctrl-C; prints one JSON line when it can be reached.

    运行后台，按 Ctrl-C 结束。数据目录首次启动时自动建立。
    """
    configure_log(LOG_LEVELS[log])
    serve = partial(
        run_office, data, host, port, training=training, say=say, config=config, store=store
    )
    run(serve, FAILURES)


def config(config: Config = None, json: Json = False) -> None:
    """Print every setting in force, with what it means, as a file that can be read in again.

    打印全部生效配置及说明，可直接作为配置文件使用。
    """
    catalogue = products()
    try:
        settings = read_settings(config, catalogue) if config is not None else Settings(catalogue)
    except (BadConfiguration, OSError) as error:
        fail(f"配置不可用 · the configuration cannot be used:\n{told(error)}", EXIT_FAILED)
    print(encode_json(as_tree(settings)).decode() if json else as_toml(settings))  # noqa: T201 - data


def demo(
    once_only: Annotated[
        bool, typer.Option("--once", help="自动办完一张卡后退出 · Issue one card and exit.")
    ] = False,
    every_product: Annotated[
        bool, typer.Option("--all", help="每项业务各办一笔后退出 · Every product once and exit.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="只输出一个 JSON 对象 · One JSON object.")
    ] = False,
    data: Annotated[
        Path | None, typer.Option(help="数据目录，缺省为临时目录 · Folder; a new one by default.")
    ] = None,
) -> None:
    """A whole bank on this machine: an office, a desk and a terminal as separate processes.

    在本机演示整个银行：后台、授权台、终端三个进程。--once 办完一张卡，--all 各项业务各办一笔；
    都不带时打印页面地址，按 Ctrl-C 结束。
    """
    folder = data or Path(tempfile.mkdtemp(prefix="backpack-demo-"))
    failures: dict[type[Exception], int] = {Interrupted: EXIT_INTERRUPTED}
    failures |= dict.fromkeys((DemoFailed, FolderUnusable, OSError), EXIT_FAILED)
    if every_product:
        show = say if json else lambda result: _print(every.as_text(result))
        run(partial(every.run_all, folder, show), failures)
    elif once_only:
        show = say if json else lambda result: _print(once.as_text(result))
        run(partial(once.run_once, folder, show), failures)
    else:
        run(partial(run_on, folder, say if json else _ignore), failures)


def verify(
    data: Folder = Path("office-data"),
    slip: Annotated[
        Path | None, typer.Option(help="只核验一份确认单 PDF · One printed slip.")
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            metavar="HEX",
            help="另行保存的审计链头，可发现尾部截断和历史重写 · An audit head that was kept.",
            callback=_head,
        ),
    ] = None,
    json: Json = False,
    lang: Lang = "zh",
) -> None:
    """Check audit logs, ledger and case histories of a stopped or running office, or one slip.

    Every report prints the audit head. Keep it where the office cannot write: given back later as
    --head, it shows whether entries were cut off since, or history was written anew.

    核验审计日志、账务与业务历史；发现被改动时退出码为 1，并指出何处。带 --slip 时核验一份确认单。
    每次核验都会打印审计链头，请另行保存；日后用 --head 带上它，可发现记录被截断或历史被整体重写。
    """
    if slip is not None:
        if head is not None:
            raise typer.BadParameter("--slip 与 --head 只能选一个 · exclude each other")
        _verify_slip(slip, data, json=json, lang=lang)
        return
    kept = None if head is None else KeptHead.read(head)
    try:
        report = verify_folder(data, products(), kept=kept)
    except (NoOffice, StoreError, BlobError, FolderUnusable) as error:
        fail(f"不能核验 · cannot verify: {error}", EXIT_FAILED)
    shown = render_json(report) if json else render_text(report, lang)
    print(shown)  # noqa: T201 - data
    if report.findings:
        raise typer.Exit(EXIT_FAILED)


def list_products(json: Json = False, lang: Lang = "zh") -> None:
    """Print every banking product with its form and what it needs of the kit.

    列出全部业务：编号、名称、所需外设与表单。
    """
    found = products().values()
    if json:
        print(encode_json([ProductLine.of(one) for one in found]).decode())  # noqa: T201 - data
        return
    for one in found:
        title = one.title_zh if lang == "zh" else one.title_en
        print(f"{one.code:<24}{len(one.form.fields):>3}  {title}")  # noqa: T201 - data


def _verify_slip(slip: Path, data: Path, *, json: bool, lang: Language) -> None:
    """The slip by itself, and against the office that made it where its folder is at hand."""
    database, office_key = None, b""
    try:
        with suppress(NoOffice):
            database = database_of(data)
            key_file = database.with_name("office.key")
            office_key = DeviceKeys.load(key_file).signing.public if key_file.is_file() else b""
        report = verify_slip(slip.read_bytes(), database, office_key)
    except (StoreError, WireError, OSError) as error:
        fail(f"不能核验 · cannot verify: {told(error)}", EXIT_FAILED)
    shown = encode_json(report).decode() if json else render_slip_report(report, lang)
    print(shown)  # noqa: T201 - data
    if not report.sound:
        raise typer.Exit(EXIT_FAILED)


def reconcile(data: Folder = Path("office-data"), json: Json = False, lang: Lang = "zh") -> None:
    """Compare every case with every partner's books, in a stopped or running office.

    日终对账：逐笔核对业务与各合作系统、账务及重要空白凭证；有差异时退出码为 1，并逐条列出。
    """
    try:
        result = reconcile_folder(data)
    except (NoOffice, StoreError) as error:
        fail(f"不能对账 · cannot reconcile: {error}", EXIT_FAILED)
    text = encode_json(result).decode() if json else render_reconciliation(result, lang)
    print(text)  # noqa: T201 - data
    if result.differences:
        raise typer.Exit(EXIT_FAILED)


def invite(
    connect: Connect,
    key: Key,
    name: Annotated[str, typer.Option(help="设备编号，如 T-0042 · Device id.", callback=label)],
    outlet: Annotated[str, typer.Option(help="网点编号 · Outlet code.", callback=label)],
    union: Annotated[str, typer.Option(help="联社编号 · County union code.", callback=label)],
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
    device: Annotated[str, typer.Option(help="设备编号 · Device id.", callback=label)],
    json: Json = False,
) -> None:
    """Refuse a device from now on and close its sessions.

    立即停用一台设备并断开其连接，不可恢复。
    """
    revoked = ask(connect, key, Revoke(device))
    print(encode_json(revoked).decode() if json else revoked.device)  # noqa: T201 - data


def staff(
    staff_id: Annotated[str, typer.Option(help="工号 · Staff id.", callback=label)],
    name: Annotated[str, typer.Option(help="姓名 · Display name.")],
    outlet: Annotated[str, typer.Option(help="网点编号 · Outlet code.", callback=label)],
    union: Annotated[str, typer.Option(help="联社编号 · County union code.", callback=label)],
    role: Annotated[Role, typer.Option(help="terminal 柜员, desk 授权员")],
    data: Folder = Path("office-data"),
    person_id: Annotated[
        str | None,
        typer.Option(
            help="必填：人员编号，同一人的各个工号须用同一编号 · Required: who the human being is, "
            "the same under each of their staff ids.",
            callback=_person,
        ),
    ] = None,
    level: Annotated[str, typer.Option(help="授权级别 A0, A2…A4 · Level.")] = "A0",
    manager: Annotated[
        bool, typer.Option("--manager", help="可查看本联社报表 · May see the union's figures.")
    ] = False,
) -> None:
    """Add a member of staff, or give one a new passcode; reads the passcode from standard input.

    A running office goes by it within seconds. Four eyes are told apart by --person-id.

    登记人员或重置密码；密码从标准输入读取，不会回显或保存明文。后台运行时数秒内生效。
    双人控制按人员编号认人，不按工号。
    """
    prompt = "密码 passcode: "
    shown = sys.stdin.isatty()
    passcode = typer.prompt(prompt, hide_input=True) if shown else sys.stdin.readline().strip()
    if len(passcode) < 6:
        fail("密码至少6位 · a passcode has at least 6 characters", EXIT_FAILED)
    outside = production_outside()
    assert person_id is not None, "its callback refuses that"
    card = StaffCard(staff_id, person_id, name, outlet, union, manager)
    hashed = hash_passcode(passcode, outside.entropy, Cost.INTERACTIVE)
    try:
        before = Premises(data).add_staff(Member(card, role, hashed, level))
    except (BadRoster, FolderUnusable, OSError) as error:
        fail(f"不能登记 · cannot add: {told(error)}", EXIT_FAILED)
    for other in doubtful(before, card):
        known = f"{other.staff_id} {other.name} {other.person_id}"
        print(  # noqa: T201 - for people
            f"已登记，请核实是否同一人 · added; is this the same human being: {known}?",
            file=sys.stderr,
        )


def _print(text: str) -> None:
    print(text)  # noqa: T201 - data


def _ignore(_event: object) -> None:
    """Nobody reads standard output."""
