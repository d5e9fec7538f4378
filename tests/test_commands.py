"""The command line as people meet it: help that teaches, and mistakes told in one sentence."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

import backpack as front_door
from actors.outside import production_outside
from backoffice.premises import Premises
from tests.kit.bank import teller
from tests.kit.programs import backpack
from wire.keys import DeviceKeys, Invitation
from wire.membership import KEY_FILE, OFFICE_FILE, appoint

pytestmark = pytest.mark.processes

CHINESE = re.compile("[一-鿿]")
ENGLISH = re.compile("[a-z]{3}")
NOBODY = "ws://127.0.0.1:9"
"""The discard port: nobody answers there."""

OK, FAILED, USAGE, CANNOT_CONNECT, REFUSED = 0, 1, 2, 3, 4


def mistake(*words: str, stdin: str = "") -> tuple[int, str]:
    """Run a command that cannot do what it is asked to; its exit code and what it said.

    It says nothing on standard output, tells in both languages, and shows no traceback.
    """
    done = backpack(*words, stdin=stdin)
    assert "" == done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    assert CHINESE.search(done.stderr), done.stderr
    return done.returncode, done.stderr


def identity(folder: Path) -> Path:
    """An operator's folder; its key file."""
    keys = DeviceKeys.generate(production_outside().entropy)
    appoint(folder, "O-0001", NOBODY, keys.noise.public, keys)
    return folder / KEY_FILE


def test_the_front_door_lists_every_command() -> None:
    """Each in both languages; no word at all asks for the same."""
    shown = backpack("--help")

    assert (OK, "") == (shown.returncode, shown.stderr)
    assert shown.stdout == backpack().stdout
    for name, (_, _, zh, en) in front_door.COMMANDS.items():
        line = next(line for line in shown.stdout.splitlines() if line.split()[:1] == [name])
        assert zh in line
        assert en in line


@pytest.mark.parametrize("name", front_door.COMMANDS)
def test_the_help_of_a_command_teaches(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it does, in both languages, and every option with its words and its default."""
    monkeypatch.setattr("sys.argv", ["backpack", name, "--help"])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as ended:
        front_door.main()
    shown = capsys.readouterr()
    about, _, options = shown.out.partition("Options")

    assert (OK, "") == (ended.value.code, shown.err)
    assert CHINESE.search(about)
    assert ENGLISH.search(about)
    for line in re.findall(r"--[a-z-]+ .*", options):
        if not line.startswith("--help "):
            assert CHINESE.search(line), line
    if name not in ("invite", "revoke", "policy", "manual", "config", "feed"):
        assert "default" in options


@pytest.mark.parametrize("name", ["show", "set", "history", "rollback"])
def test_the_help_of_each_word_of_the_policy_teaches(name: str) -> None:
    """As for the commands themselves."""
    shown = backpack("policy", name, "--help")
    about, _, options = shown.stdout.partition("Options")

    assert (OK, "") == (shown.returncode, shown.stderr)
    assert CHINESE.search(about)
    assert ENGLISH.search(about)
    assert "--connect" in options
    assert name in backpack("policy", "--help").stdout


@pytest.mark.parametrize("name", ["list", "show", "inquire", "settle", "reverse"])
def test_the_help_of_each_word_of_the_settlement_teaches(name: str) -> None:
    """As for the policy's."""
    shown = backpack("manual", name, "--help")
    about, _, options = shown.stdout.partition("Options")

    assert (OK, "") == (shown.returncode, shown.stderr)
    assert CHINESE.search(about)
    assert ENGLISH.search(about)
    assert "--connect" in options
    assert name in backpack("manual", "--help").stdout


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--data", ".", "--connect", NOBODY),
        ("list", "--connect", NOBODY),
        ("settle", "c", "l", "--connect", NOBODY, "--key", "none", "--staff", "2001"),
        ("reverse", "c", "l", "--connect", NOBODY, "--key", "none", "--staff", "2001",
         "--confirm", "--withdraw"),
    ],
)  # fmt: skip
def test_words_of_the_settlement_that_do_not_fit(words: tuple[str, ...]) -> None:
    """Told before anybody is asked."""
    code, _ = mistake("manual", *words)
    assert USAGE == code


def test_a_list_of_a_folder_without_an_office(tmp_path: Path) -> None:
    """Is a clear error; so is an address where nobody is, and a key that is none."""
    code, told = mistake("manual", "list", "--data", str(tmp_path))
    assert (FAILED, True) == (code, "cannot read" in told)
    key = identity(tmp_path / "operator")
    code, _ = mistake("manual", "list", "--connect", NOBODY, "--key", str(key))
    assert CANNOT_CONNECT == code
    code, _ = mistake("manual", "list", "--connect", NOBODY, "--key", str(tmp_path / "none"))
    assert REFUSED == code


def test_a_policy_that_cannot_be_is_told_before_anybody_is_asked(tmp_path: Path) -> None:
    """With the rule that is wrong; a file that is none, too."""
    (tmp_path / "bad.toml").write_text('[[rules]]\ntiming = "soon"\nlocality = "union"\n')
    words = ("--connect", NOBODY, "--key", str(tmp_path / "none"), "--note", "试行")

    code, told = mistake("policy", "set", str(tmp_path / "bad.toml"), *words)
    assert (FAILED, True) == (code, "第1条规则：timing 应为 sync、async" in told)
    code, told = mistake("policy", "set", str(tmp_path / "none.toml"), *words)
    assert (FAILED, True) == (code, "No such file" in told)


def test_an_unknown_command() -> None:
    """Told, with the list of those there are."""
    code, told = mistake("isue")

    assert USAGE == code
    assert "'isue'" in told
    assert "demo" in told


@pytest.mark.parametrize(
    "words",
    [
        ("office", "--port", "-3"),
        ("terminal", "--port", "65536"),
        ("desk", "--operator", "zz"),
        ("terminal", "--operator", "00" * 31),
    ],
    ids=" ".join,
)
def test_an_option_that_cannot_be(words: tuple[str, ...], tmp_path: Path) -> None:
    """A usage error that names the option, before anything is made."""
    code, told = mistake(*words, "--data", str(tmp_path / "new"))

    assert USAGE == code
    assert words[1] in told
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("option", ["--name", "--outlet", "--union"])
def test_an_id_that_cannot_be(option: str, tmp_path: Path) -> None:
    """The grammar in words, before anybody is asked."""
    words = {"--name": "T-9", "--outlet": "53011101", "--union": "530111"} | {option: "T- 9"}
    given = [word for pair in words.items() for word in pair]
    code, told = mistake("invite", "--connect", NOBODY, "--key", str(tmp_path / "no.key"), *given)

    assert USAGE == code
    assert option in told
    assert "hyphen" in told


@pytest.mark.parametrize("name", ["office", "terminal", "desk", "verify", "open"])
def test_a_data_path_that_is_a_file(name: str, tmp_path: Path) -> None:
    """It stays as it is."""
    path = tmp_path / "file"
    path.write_text("mine")
    code, told = mistake(name, "--data", str(path))

    assert USAGE == code
    assert "is no folder" in told
    assert "mine" == path.read_text()


@pytest.mark.parametrize("name", ["office", "terminal", "desk", "staff", "demo"])
def test_a_data_folder_that_others_can_enter(name: str, tmp_path: Path) -> None:
    """Refused by each program with the command that mends it; nothing is written there."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o750)
    words = ["--once"] if name == "demo" else []
    if name == "staff":
        words = ["--staff-id", "1003", "--name", "李红", "--outlet", "53011101"]
        words += ["--union", "530111", "--role", "terminal", "--person-id", "P-0007"]
    code, told = mistake(name, "--data", str(folder), *words, stdin="864209\n")

    assert (FAILED, True) == (code, f"run: chmod 700 {folder}" in told)
    assert [] == list(folder.iterdir())


@pytest.mark.parametrize("name", ["terminal", "desk"])
def test_a_device_without_a_good_invitation(name: str, tmp_path: Path) -> None:
    """None, a missing file, garbage, and bytes that are no text: one sentence each."""
    (tmp_path / "garbage").write_text("backpack:enrol?v=1&rubbish")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    data = ("--data", str(tmp_path / "new"), "--name", "T-0001")

    for words, expected in (
        ((), "it takes an invitation and a name"),
        (("--invitation", str(tmp_path / "none")), "No such file"),
        (("--invitation", str(tmp_path / "garbage")), "this is no invitation"),
        (("--invitation", str(tmp_path / "bytes")), "no text"),
    ):
        code, told = mistake(name, *data, *words)
        assert FAILED == code
        assert expected in told
        assert "rubbish" not in told
        assert 1 == len(told.splitlines())


def test_a_folder_whose_files_are_damaged(tmp_path: Path) -> None:
    """A key open to others, a damaged `office.json`, a PIN pad key that is none."""
    key = identity(tmp_path)
    terminal = ("terminal", "--data", str(tmp_path))
    (tmp_path / "pad.json").write_text("{}")

    code, told = mistake(*terminal, "--pad-key", str(tmp_path / "pad.json"))
    assert (FAILED, True) == (code, "is no PIN pad key" in told)
    key.chmod(0o644)
    code, told = mistake(*terminal)
    assert (FAILED, True) == (code, "is open to others" in told)
    key.chmod(0o600)
    (tmp_path / OFFICE_FILE).write_text("{damaged")
    code, told = mistake(*terminal)
    assert (FAILED, True) == (code, f"{OFFICE_FILE} cannot be read" in told)


def test_an_office_that_is_not_told_who_stands_outside(tmp_path: Path) -> None:
    """Outside training it does not start, and prints what to write into the configuration."""
    Premises(tmp_path).add_staff(teller(1))
    config = tmp_path / "office.toml"
    config.write_text('[ports]\nidv = "refused"\nsms = "http"\n[sms]\nurl = "http://127.0.0.1:9"\n')
    code, told = mistake("office", "--data", str(tmp_path), "--port", "0", "--config", str(config))

    assert FAILED == code
    assert "[ports]" in told
    assert 'core = "refused"   # 核心系统 · the core bank' in told
    assert "idv = " not in told
    ports = ("idv", "core", "biller", "card", "credit", "wealth", "sec", "ocrm")
    lines = ["[ports]", 'sms = "http"', *(f'{port} = "refused"' for port in ports)]
    config.write_text("\n".join(lines))
    code, told = mistake("office", "--data", str(tmp_path), "--port", "0", "--config", str(config))
    assert (FAILED, True) == (code, "sms.url" in told)


@pytest.mark.parametrize("roster", ["", "{", "[]", '[{"card": 1}]'], ids=repr)
def test_an_office_with_a_damaged_roster(roster: str, tmp_path: Path) -> None:
    """It does not start, and says which file."""
    (tmp_path / "staff.json").write_text(roster)
    code, told = mistake("office", "--data", str(tmp_path), "--port", "0")

    assert FAILED == code
    assert "roster" in told or "staff.json" in told
    assert 1 == len(told.splitlines())


def test_an_office_without_people(tmp_path: Path) -> None:
    """It says how to add them."""
    code, told = mistake("office", "--data", str(tmp_path), "--port", "0")

    assert FAILED == code
    assert "backpack staff" in told


def test_a_folder_without_an_office_cannot_be_verified(tmp_path: Path) -> None:
    """Nor can a database that is somebody else's."""
    code, told = mistake("verify", "--data", str(tmp_path / "nothing"))
    assert (FAILED, True) == (code, "holds no office's database" in told)

    (tmp_path / "office.db").write_bytes(b"SQLite format 3\0" + bytes(4096))
    code, told = mistake("verify", "--data", str(tmp_path))
    assert FAILED == code
    assert 1 == len(told.splitlines())


def test_where_nobody_answers(tmp_path: Path) -> None:
    """Tried for some seconds, then told, with a code of its own."""
    key = str(identity(tmp_path))

    assert CANNOT_CONNECT == mistake("tree", "--connect", NOBODY, "--key", key)[0]


def test_keys_and_addresses_that_cannot_be_used(tmp_path: Path) -> None:
    """Told before anything is dialled."""
    key = identity(tmp_path / "operator")
    alone = tmp_path / KEY_FILE
    alone.write_bytes(key.read_bytes())
    alone.chmod(0o600)

    for connect, file, expected in (
        (NOBODY, tmp_path / "none", REFUSED),
        (NOBODY, alone, REFUSED),
        (f"{NOBODY}#short", key, CANNOT_CONNECT),
    ):
        code, told = mistake("tree", "--connect", connect, "--key", str(file))
        assert expected == code
        assert 1 == len(told.splitlines())
    both = mistake("tree", "--connect", NOBODY, "--key", str(key), "--json", "--dot")
    assert USAGE == both[0]


def test_staff_are_added_with_a_passcode_that_nobody_sees(tmp_path: Path) -> None:
    """From standard input, kept as a hash in a file for the owner alone; a second time replaces."""
    data = tmp_path / "office"
    words = ["staff", "--staff-id", "1003", "--name", "李红", "--outlet", "53011101"]
    words += ["--union", "530111", "--role", "terminal", "--data", str(data)]
    words += ["--person-id", "P-0007"]

    for passcode, mark in (("864209", ()), ("975310", ("--manager",))):
        added = backpack(*words, *mark, stdin=f"{passcode}\n")
        assert (OK, "", "") == (added.returncode, added.stdout, added.stderr)
    roster = data / "staff.json"
    assert 0o600 == roster.stat().st_mode & 0o777
    (member,) = msgspec.json.decode(roster.read_bytes())
    assert ("1003", "李红", "P-0007") == tuple(
        member["card"][key] for key in ("staff_id", "name", "person_id")
    )
    assert member["card"]["manager"] is True
    for passcode in ("864209", "975310"):
        assert passcode not in roster.read_text()
    assert member["passcode_hash"].startswith("argon2id$")

    code, told = mistake(*words[:-2], stdin="864209\n")
    assert (USAGE, True) == (code, "who the human being is" in told)
    other = [*words, "--staff-id", "1004", "--person-id", "P-0008"]
    namesake = backpack(*other, stdin="864209\n")
    assert (OK, "") == (namesake.returncode, namesake.stdout)
    assert "is this the same human being: 1003 李红 P-0007?" in namesake.stderr
    before = roster.read_bytes()

    code, told = mistake(*words, stdin="12345\n")
    assert (FAILED, False) == (code, "12345" in told)
    assert before == roster.read_bytes()
    roster.write_text("{damaged")
    assert FAILED == mistake(*words, stdin="864209\n")[0]
    assert "{damaged" == roster.read_text()


def test_an_invitation_is_never_repeated(tmp_path: Path) -> None:
    """One with a letter too many is refused without being shown."""
    good = Invitation(NOBODY, production_outside().entropy(32), "ticket", b"0123456789abcdef")
    (tmp_path / "code").write_text(good.to_uri() + "x")
    words = ("--name", "T-0001", "--invitation", str(tmp_path / "code"))
    code, told = mistake("terminal", "--data", str(tmp_path / "t"), *words)

    assert FAILED == code
    assert good.to_uri()[-22:] not in told
