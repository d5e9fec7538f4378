"""`backpack`: one command with a subcommand for each audience.

Only the front door is here: what a subcommand does lives with its audience, and is imported when it
is asked for, so that a tablet never loads the office.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

COMMANDS: Final = {
    "demo": ("backoffice.cli", "demo", "在本机演示整个银行", "A whole bank on this machine"),
    "office": ("backoffice.cli", "office", "后台", "The back office"),
    "config": ("backoffice.cli", "config", "查看生效配置", "The configuration in force"),
    "terminal": ("terminal.cli", "terminal", "柜员终端", "A teller's terminal"),
    "desk": ("backoffice.desk.cli", "desk", "授权台", "An authorizer's desk"),
    "open": ("supervisors.cli", "open_page", "打开页面", "A link that lets a browser into a page"),
    "tree": ("supervisors.cli", "tree", "查看监督树", "The live tree of a running program"),
    "verify": ("backoffice.cli", "verify", "核验审计日志与账务", "Verify audit logs and ledger"),
    "slip": ("backoffice.slips.cli", "slip", "绘制业务确认单", "Draw the slip of a case"),
    "reconcile": ("backoffice.cli", "reconcile", "日终对账", "Reconcile cases with partners"),
    "manual": ("backoffice.cases.cli", "manual", "人工处理", "Settle what the machine gave up"),
    "products": ("backoffice.cli", "list_products", "业务目录", "Every banking product"),
    "feed": ("backoffice.customers.cli", "feed", "客户数据流", "What ECIF and OCRM are told"),
    "invite": ("backoffice.cli", "invite", "邀请一台设备", "Invite a device"),
    "revoke": ("backoffice.cli", "revoke", "停用一台设备", "Revoke a device"),
    "staff": ("backoffice.cli", "staff", "登记人员", "Add a member of staff"),
    "policy": ("backoffice.authorization.cli", "policy", "授权策略", "Who authorizes what"),
}
"""Subcommand → (module, function, Chinese, English)."""

EXIT_USAGE: Final = 2

OTHERS: Final = 0o077
"""Withheld from whatever any program or command makes: its owner alone reads files and folders."""


def main() -> None:
    """Run the subcommand that was named."""
    os.umask(OTHERS)
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("--help", "-h"):
        print(usage())  # noqa: T201 - help is what was asked for
        return
    if name not in COMMANDS:
        print(f"backpack: 没有命令 no command {name!r}\n\n{usage()}", file=sys.stderr)  # noqa: T201 - for people
        raise SystemExit(EXIT_USAGE)
    module, function, _, _ = COMMANDS[name]
    command = getattr(importlib.import_module(module), function)
    typer = importlib.import_module("typer")
    app = command
    if not isinstance(command, typer.Typer):
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(command)
    app(args=sys.argv[2:], prog_name=f"backpack {name}")


def usage() -> str:
    """What `backpack --help` prints."""
    rows = [f"  {name:<10}{zh}\t{en}" for name, (_, _, zh, en) in COMMANDS.items()]
    head = "背包银行 Backpack Bank\n\nbackpack COMMAND [OPTIONS]; backpack COMMAND --help\n"
    return "\n".join([head, *rows]).expandtabs(28)


if __name__ == "__main__":
    main()
