"""`backpack open`: how a browser gets into the page of a running program, and nobody else does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.kit.programs import Bank, backpack
from wire.door_file import DOOR_FILE
from wire.page import FRAGMENT

pytestmark = pytest.mark.processes

CANNOT_CONNECT = 3


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    """An office and a terminal, without people."""
    with Bank(tmp_path_factory.mktemp("open") / "bank") as opened:
        opened.folder.mkdir(mode=0o700)
        opened.start("office")
        opened.start("terminal")
        yield opened


@dataclass(frozen=True)
class Opened:
    """A link as `backpack open` printed it."""

    host: str
    token: str

    @classmethod
    def by(cls, *words: str) -> Opened:
        run = backpack("open", *words)
        assert (0, "", 1) == (run.returncode, run.stderr, len(run.stdout.splitlines()))
        return cls.of(run.stdout.strip())

    @classmethod
    def of(cls, address: str) -> Opened:
        parts = urlsplit(address)
        assert ("http", "/", "") == (parts.scheme, parts.path, parts.query)
        return cls(parts.netloc, address.partition(FRAGMENT)[2])

    def ask(self, method: str, path: str, token: str) -> tuple[int, bytes]:
        """What the page's own script would ask."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self.host.rpartition(":")[2]))
        headers = {"Host": self.host, "Authorization": f"Bearer {token}"}
        if method == "POST":
            headers["Origin"] = f"http://{self.host}"
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def trade(self) -> str:
        """The session's token; empty when the link is refused."""
        status, body = self.ask("POST", "/session", self.token)
        return json.loads(body)["value"] if status == 200 else ""


def test_a_link_lets_one_browser_in(bank: Bank) -> None:
    """The printed address stays as it is and lets nobody in; each call gives another link."""
    data = str(bank.folder / "terminal")
    printed = bank.programs["terminal"].ready["page"]
    first, second = Opened.by("--data", data), Opened.by("--data", data)

    assert f"http://{first.host}/" == printed
    assert first.host.startswith("t-0001.localhost:")
    assert first.token != second.token
    session = first.trade()
    assert "" == first.trade()
    assert "" not in (session, second.trade())
    missing = (404, "没有这张图片。 No such image.".encode())
    assert missing == first.ask("GET", f"/image/{'0' * 64}", session)
    assert 403 == first.ask("GET", f"/image/{'0' * 64}", second.token)[0]


def test_a_script_gets_json(bank: Bank) -> None:
    """One object: the address, and for how many seconds it is good."""
    run = backpack("open", "--json", "--data", str(bank.folder / "terminal"))
    told = json.loads(run.stdout)

    assert (0, {"address", "seconds"}, 60) == (run.returncode, set(told), told["seconds"])
    assert Opened.of(told["address"]).trade()


def test_where_no_page_runs(bank: Bank, tmp_path: Path) -> None:
    """In one sentence, with the folders below that do have a page."""
    for folder in (tmp_path, bank.folder / "office", bank.folder):
        run = backpack("open", "--data", str(folder))
        assert (CANNOT_CONNECT, "") == (run.returncode, run.stdout)
        assert 1 == len(run.stderr.splitlines())
        assert (str(bank.folder / "terminal") in run.stderr) == (folder == bank.folder)


def test_no_token_is_told_to_anybody(bank: Bank) -> None:
    """Not in the log, though it tells everything; not in a list of processes; not in a file."""
    link = Opened.by("--data", str(bank.folder / "terminal"))
    session = link.trade()
    assert link.ask("GET", "/image/00", session)[0] == 404
    terminal = bank.programs["terminal"]
    shown = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    files = [path for path in bank.folder.rglob("*") if path.is_file()]

    for secret in (link.token.encode(), session.encode()):
        assert secret not in terminal.stderr.encode()
        assert not [line for line in shown if secret in line]
        assert not [path for path in files if secret in path.read_bytes()]
    assert 0o600 == (bank.folder / "terminal" / DOOR_FILE).stat().st_mode & 0o777


def test_a_program_that_was_killed_leaves_no_way_in(bank: Bank) -> None:
    """Its file is still there; nobody answers; the next start knows nothing of old tokens."""
    terminal = bank.programs["terminal"]
    data = str(bank.folder / "terminal")
    before = Opened.by("--data", data)
    session = before.trade()
    terminal.also(["--port", before.host.rpartition(":")[2]])
    unused = Opened.by("--data", data)
    terminal.kill()
    assert (bank.folder / "terminal" / DOOR_FILE).exists()
    assert CANNOT_CONNECT == backpack("open", "--data", data).returncode

    terminal.start()

    after = Opened.by("--data", data)
    assert before.host == after.host
    assert "" == unused.trade()
    assert 403 == after.ask("GET", "/image/00", session)[0]
    assert after.trade()
    assert 0 == terminal.stop()
    assert not (bank.folder / "terminal" / DOOR_FILE).exists()
