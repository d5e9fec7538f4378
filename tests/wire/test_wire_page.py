"""The page that describes the wire says what the code does."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

from tests.kit import message_page
from wire import (
    carrier,
    channel,
    client,
    codec,
    connection,
    envelope,
    hello,
    photo,
    sealed,
    server,
    session,
    socket,
    websocket_guard,
)
from wire.messages import images

PAGE = (Path(__file__).parent.parent.parent / "docs" / "wire.md").read_text("utf-8")
MODULES: tuple[ModuleType, ...] = (
    carrier, channel, client, codec, connection, hello, sealed, server, session, socket,
    websocket_guard, images, photo,
)  # fmt: skip


def test_every_limit_on_the_page_is_the_one_in_the_code() -> None:
    """Name by name; a limit that is not in the table is not known to other implementers."""
    told = {
        name: float(value)
        for name, value in re.findall(r"^\| ([A-Z_]+) \| ([\d.]+) \|", PAGE, re.MULTILINE)
    }
    known = {
        name: float(getattr(module, name))
        for module in MODULES
        for name in told
        if hasattr(module, name)
    }

    assert told == known
    assert set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*_(?:MAX|S|FIRST|FRAMES|MESSAGES)\b", PAGE)) <= set(
        told
    )


def test_the_kinds_on_the_page_are_the_ones_in_the_code() -> None:
    """Each envelope and sentence with its number and its fields, in order."""
    kinds = (
        *(envelope.Ack, envelope.Tell, envelope.Ask, envelope.Reply, envelope.Refuse),
        *(envelope.Ping, envelope.Rekey, envelope.Bye),
        *(hello.Hello, hello.Welcome, hello.Rejected),
    )
    for kind in kinds:
        fields = ", ".join([str(kind.__struct_config__.tag), *kind.__struct_fields__])
        line = rf"^{kind.__name__} +\[{re.escape(fields)}\]$"
        assert re.search(line, PAGE, re.MULTILINE | re.IGNORECASE), kind.__name__


def test_the_prologue_and_the_reasons_are_on_the_page() -> None:
    """As bytes and as words."""
    assert hello.prologue(hello.Suite.IK).hex() in PAGE
    for reason in envelope.ByeReason:
        assert f"`{reason}`" in PAGE


def test_the_page_of_messages_is_made_from_the_code() -> None:
    """Every message, field by field; `python -m tests.kit.message_page --write` renews it."""
    assert message_page.page() == message_page.PAGE.read_text("utf-8")
