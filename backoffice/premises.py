"""The office's folder: its identity, its security module's keys, its roster, its data.

    office.key        the office's own identity (0600)
    hsm.json          keys of the security module (0600)
    staff.json        the roster: who may sign in, with hashes of passcodes
    office.db         everything durable, but for photos and recordings
    storage.keys      keys of what is stored, see `supervisors.at_rest` (0600)
    blobs/            photos and recordings, sealed
    ledger.json       how far office.db had come when somebody looked; see `backoffice.founding`
    feeds/            what ECIF and OCRM are told, where no endpoint is configured
    operator/         the first operator's identity, for `backpack tree` and `backpack invite`
    invitations/      one file per device of a training office, the text of its QR code (0600)
    phones/           the last messages to each phone of a training office (0600)
    pads/             one file per PIN pad of a training office: the key to inject (0600)

Made once, never overwritten: a second start finds the same office.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from actors.ports import Outside
from backoffice.hsm import SecurityModule
from backoffice.staff import BadRoster, Member, parse_roster
from supervisors.folder import make_private
from wire.codec import encode_json
from wire.keys import DeviceKeys
from wire.messages.session import Role, StaffCard
from wire.passcode import Cost, hash_passcode
from wire.private_file import write_private


class Trainee(NamedTuple):
    """Somebody who works in a training office, and the passcode that everybody knows."""

    staff_id: str
    person_id: str
    name: str
    outlet: str
    role: Role
    level: str
    passcode: str


TRAINING_PEOPLE: Final = (
    Trainee("1001", "P-0001", "王芳", "53011101", Role.TERMINAL, "A0", "135790"),
    Trainee("1002", "P-0002", "赵强", "53011101", Role.TERMINAL, "A0", "135791"),
    Trainee("2001", "P-0003", "李明", "53011100", Role.DESK, "A4", "246801"),
    Trainee("2002", "P-0004", "陈静", "53000001", Role.DESK, "A4", "246802"),
    Trainee("2003", "P-0005", "刘洋", "53011100", Role.DESK, "A4", "246803"),
)
"""The people of a training office; nobody real."""

TRAINING_CENTRE: Final = frozenset({"2002"})
"""Staff ids of those who sign in at the provincial authorization centre's desk."""

TRAINING_MANAGERS: Final = frozenset({"2003"})
"""Staff ids of a training office's people who may see the figures of their union."""


_UNION_DIGITS: Final = 6


def training_union(outlet: str) -> str:
    """The union of a training office's outlet: the beginning of its code."""
    return outlet[:_UNION_DIGITS]


class PadKey(msgspec.Struct, frozen=True):
    """What is injected into one PIN pad in a secure room."""

    key_id: bytes
    initial: bytes

    def __repr__(self) -> str:
        return "PadKey()"


class Premises:
    """The folder.

    Args:
        folder: made if missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / "office.db"
        self.feeds = folder / "feeds"
        self.operator = folder / "operator"
        self.invitations = folder / "invitations"
        self.pads = folder / "pads"
        self.phones = folder / "phones"

    def open(self, outside: Outside) -> tuple[DeviceKeys, SecurityModule]:
        """The office's identity and security module, made at the first start.

        Raises:
            FolderOpen: others can enter one of the folders.
            KeyFileUnusable: the identity cannot be read.
            BadModule: the module's keys cannot be read.
        """
        for folder in (self.folder, self.invitations, self.pads):
            make_private(folder)
        key_file, module_file = self.folder / "office.key", self.folder / "hsm.json"
        if not key_file.exists():
            DeviceKeys.generate(outside.entropy).save(key_file)
        if not module_file.exists():
            write_private(module_file, SecurityModule.create(outside.entropy))
        return DeviceKeys.load(key_file), SecurityModule(module_file.read_bytes())

    def roster(self) -> tuple[Member, ...]:
        """The members in `staff.json`.

        Raises:
            BadRoster: there is no such file, or it is no roster.
        """
        path = self.folder / "staff.json"
        if not path.exists():
            raise BadRoster(f"{path} is missing: add people with `backpack staff`")
        return parse_roster(path.read_bytes())

    def stamp(self) -> object:
        """Tells one content of `staff.json` from another without reading it; see `RosterFile`."""
        try:
            found = (self.folder / "staff.json").stat()
        except OSError as error:
            return error.errno
        return (found.st_ino, found.st_size, found.st_mtime_ns)

    def read(self) -> bytes:
        """`staff.json` as a whole; see `RosterFile`.

        Raises:
            OSError: it cannot be read.
        """
        return (self.folder / "staff.json").read_bytes()

    def add_staff(self, member: Member) -> tuple[Member, ...]:
        """Add or replace one line of the roster.

        Returns:
            The members before.

        Raises:
            BadRoster: the file is no roster; it stays as it is.
            FolderOpen: others can enter the folder.
        """
        path = self.folder / "staff.json"
        make_private(self.folder)
        known = parse_roster(path.read_bytes()) if path.exists() else ()
        kept = tuple(m for m in known if m.card.staff_id != member.card.staff_id)
        write_private(path, msgspec.json.format(encode_json((*kept, member))))
        return known

    def train(self, outside: Outside, cost: Cost = Cost.INTERACTIVE) -> None:
        """Give a new folder the people of a training office."""
        if (self.folder / "staff.json").exists():
            return
        for one in TRAINING_PEOPLE:
            manager = one.staff_id in TRAINING_MANAGERS
            union = training_union(one.outlet)
            card = StaffCard(one.staff_id, one.person_id, one.name, one.outlet, union, manager)
            hashed = hash_passcode(one.passcode, outside.entropy, cost)
            self.add_staff(Member(card, one.role, hashed, one.level))

    def pad_key_file(self, device: str, serial: int, security: SecurityModule) -> Path:
        """The file with the key for one PIN pad, made if missing."""
        path = self.pads / f"{device}.json"
        if not path.exists():
            write_private(path, encode_json(PadKey(*security.pad_key(serial))))
        return path


__all__ = [
    "TRAINING_CENTRE",
    "TRAINING_MANAGERS",
    "TRAINING_PEOPLE",
    "PadKey",
    "Premises",
    "Trainee",
    "training_union",
]
