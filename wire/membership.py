"""How a client program belongs to an office: its folder with keys, and where and whom to call.

The folder holds two files that only its owner can read: `device.key`, the identity, made on this
machine and never copied, and `office.json`, what the invitation said. The one-time code is kept
until the first welcome, because a welcome can be lost, and erased then.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from wire.client import Introduction
from wire.codec import decode_json, encode_json
from wire.errors import BadFrame, WireError
from wire.hello import Credentials, Ticket
from wire.keys import ENROL, DeviceKeys, Invitation
from wire.private_file import write_private

KEY_FILE: Final = "device.key"
OFFICE_FILE: Final = "office.json"
OFFICE_BYTES_MAX: Final = 4096


class NotEnrolled(WireError):
    """The folder belongs to no office yet, or its files cannot be used."""


class _Office(msgspec.Struct, frozen=True):
    """Content of `office.json`; `invitation` is empty once the office has welcomed us."""

    name: str
    address: str
    office_public: bytes
    invitation: str

    def __repr__(self) -> str:
        return f"_Office({self.address!r})"


class Membership:
    """A client's identity and its office.

    Attributes:
        keys: the device's own.
        name: the device's id, as the office named it in the invitation.
        address: where the office listens.
    """

    def __init__(self, folder: Path, keys: DeviceKeys, office: _Office) -> None:
        self._folder = folder
        self._office = office
        self.keys = keys
        self.name = office.name
        self.address = office.address

    @classmethod
    def begin(
        cls, folder: Path, name: str, invitation: str, entropy: Callable[[int], bytes]
    ) -> Membership:
        """Join with an invitation, or go on where an earlier start of this folder stopped.

        Args:
            folder: made if missing.
            name: the device's id, as the office named it; ignored as the invitation is.
            invitation: the text of the QR code; ignored when the folder belongs to an office.
            entropy: for the keys.

        Raises:
            NotEnrolled: no invitation for a new folder, or damaged files.
            BadInvitation: the text is no invitation.
            KeyFileUnusable: the key file cannot be read or written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        office_file, key_file = folder / OFFICE_FILE, folder / KEY_FILE
        if not office_file.exists():
            if not invitation or not name:
                raise NotEnrolled(
                    f"{folder} is of no office yet: it takes an invitation and a name"
                )
            parsed = Invitation.from_uri(invitation)
            if not key_file.exists():
                DeviceKeys.generate(entropy).save(key_file)
            write_private(
                office_file,
                encode_json(_Office(name, parsed.address, parsed.office_public, invitation)),
            )
        return cls(folder, DeviceKeys.load(key_file), _read(office_file))

    @property
    def credentials(self) -> Credentials:
        """What the handshake needs; with the ticket until the first welcome."""
        ticket = None
        if self._office.invitation:
            invitation = Invitation.from_uri(self._office.invitation)
            ticket = Ticket(invitation.ticket, invitation.psk)
        return Credentials(self.keys.noise, self._office.office_public, ticket)

    def introduction(self, role: str) -> Introduction:
        """What the device says about itself."""
        signing = self.keys.signing
        return Introduction(role, self.name, signing.public, lambda body: signing.sign(ENROL, body))

    def welcomed(self) -> None:
        """The office knows our key: forget the one-time code."""
        if self._office.invitation:
            self._office = msgspec.structs.replace(self._office, invitation="")
            write_private(self._folder / OFFICE_FILE, encode_json(self._office))


def appoint(folder: Path, name: str, address: str, office_public: bytes, keys: DeviceKeys) -> None:
    """Make a member's folder without an invitation: the office does this for its own operator.

    Raises:
        KeyFileUnusable: there is one already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keys.save(folder / KEY_FILE)
    write_private(folder / OFFICE_FILE, encode_json(_Office(name, address, office_public, "")))


def office_key_beside(key_file: Path) -> bytes:
    """The office's public key from the `office.json` in the folder of a key file.

    Raises:
        NotEnrolled: there is none.
    """
    return _read(key_file.parent / OFFICE_FILE).office_public


def _read(path: Path) -> _Office:
    try:
        return decode_json(_Office, path.read_bytes(), bytes_max=OFFICE_BYTES_MAX)
    except (BadFrame, OSError):
        raise NotEnrolled(f"{path} cannot be read") from None


__all__ = ["KEY_FILE", "OFFICE_FILE", "Membership", "NotEnrolled", "appoint", "office_key_beside"]
