"""The SMS gateway that keeps messages: in memory, and for a training office in a folder."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec
import pytest
import trio

from backoffice.configuration.file import parse_settings
from backoffice.partners.sms import (
    MESSAGES_PER_PHONE_MAX,
    PHONES_MAX,
    EmbeddedMessages,
    HttpSms,
    SmsFailed,
    SmsTerms,
    gateways,
)
from tests.backoffice.case_story import PRODUCTS
from tests.kit.running import run
from wire.masked import Phone

PHONE = Phone("13800138000")
T = TypeVar("T")


async def at_once(work: Callable[[], T], /) -> T:
    await trio.lowlevel.checkpoint()
    return work()


def test_the_last_messages_of_a_phone_are_kept() -> None:
    """So many of each, of so many phones, and none is shown where somebody may read."""
    sms = EmbeddedMessages(at_once)

    async def story() -> None:
        for n in range(MESSAGES_PER_PHONE_MAX + 2):
            await sms.send(PHONE, f"验证码{n}")
        for n in range(PHONES_MAX - 1):
            await sms.send(Phone(f"139{n:08}"), "x")
        assert MESSAGES_PER_PHONE_MAX == len(sms.messages(PHONE))
        assert "验证码6" == sms.messages(PHONE)[-1]
        await sms.send(Phone("13700000000"), "one more")

    run(story)
    assert () == sms.messages(PHONE)
    assert "one more" not in repr(sms)


def test_a_training_office_writes_them_down(tmp_path: Path) -> None:
    """One line each, the newest last, for the owner's eyes alone."""
    sms = EmbeddedMessages(at_once, tmp_path / "sms")

    async def story() -> None:
        await sms.send(PHONE, "first\nline")
        await sms.send(PHONE, "second")

    run(story)
    file = tmp_path / "sms" / "13800138000.txt"
    assert "first line\nsecond\n" == file.read_text()
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert [file] == list(file.parent.iterdir())


def test_what_cannot_be_written_was_not_sent(tmp_path: Path) -> None:
    """The sender is told, without the message."""
    (tmp_path / "sms").write_text("in the way")
    sms = EmbeddedMessages(at_once, tmp_path / "sms")

    async def story() -> None:
        with pytest.raises(SmsFailed) as failed:
            await sms.send(PHONE, "secret")
        assert "secret" not in str(failed.value)

    run(story)


URL = "https://sms.example/send"


def gateway(answer: Callable[[httpx.Request], httpx.Response]) -> HttpSms:
    """A gateway behind HTTP that answers like this."""
    return HttpSms(URL, httpx.AsyncClient(transport=httpx.MockTransport(answer)))


def test_a_gateway_gets_phone_and_text() -> None:
    """As JSON, and 200 means that it has the message."""
    posted: list[httpx.Request] = []

    def take(request: httpx.Request) -> httpx.Response:
        posted.append(request)
        return httpx.Response(200)

    run(lambda: gateway(take).send(PHONE, "验证码123456"))
    (request,) = posted
    assert ("POST", URL) == (request.method, str(request.url))
    assert "application/json" == request.headers["content-type"]
    expected = {"phone": PHONE.digits, "text": "验证码123456"}
    assert expected == msgspec.json.decode(request.content)


def test_each_union_has_the_gateway_that_it_is_configured_with() -> None:
    """Its own, else everybody's; without one nothing goes out."""
    text = """
        [sms]
        url = "https://all.example"
        [union."530111".sms]
        url = "https://own.example"
        [union."530112".sms]
        url = ""
        """
    configured = parse_settings(text, PRODUCTS)
    posted: list[str] = []

    def take(request: httpx.Request) -> httpx.Response:
        posted.append(str(request.url))
        return httpx.Response(200)

    of = gateways(
        lambda union: configured.for_union(union).section(SmsTerms),
        httpx.AsyncClient(transport=httpx.MockTransport(take)),
    )

    async def story() -> None:
        await of("530111").send(PHONE, "x")
        await of("530999").send(PHONE, "x")
        with pytest.raises(SmsFailed):
            await of("530112").send(PHONE, "x")

    run(story)
    assert ["https://own.example", "https://all.example"] == posted


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 429, 500, 503])
def test_any_other_answer_of_a_gateway_is_a_failure(status: int) -> None:
    """The error names neither phone nor code."""
    with pytest.raises(SmsFailed) as caught:
        run(lambda: gateway(lambda _: httpx.Response(status)).send(PHONE, "验证码123456"))
    told = str(caught.value)
    assert str(status) in told
    assert PHONE.digits not in told
    assert "123456" not in told


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (httpx.ConnectError, True),
        (httpx.ConnectTimeout, True),
        (httpx.PoolTimeout, True),
        (httpx.ReadTimeout, False),
        (httpx.WriteError, False),
        (httpx.RemoteProtocolError, False),
    ],
)
def test_what_may_have_arrived_at_a_gateway_is_no_failure(
    error: type[httpx.TransportError], gone: bool
) -> None:
    """A lost answer means an unknown outcome; a gateway that was never reached has nothing."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise error("", request=request)

    if gone:
        with pytest.raises(SmsFailed):
            run(lambda: gateway(fail).send(PHONE, "x"))
    else:
        run(lambda: gateway(fail).send(PHONE, "x"))
