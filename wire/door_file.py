"""How somebody who may read a program's folder asks the running program for a link to its page.

The program leaves a file in its folder, for its owner's eyes only: where the page is, and a key of
this start. Who can read it proves that to the program over the loopback, and the program proves the
same with its answer, so neither a stranger's request nor a stranger who sits on the port of a
program that died is taken for the other. The key itself never travels.

    POST /link    Authorization: Bearer <nonce>.<HMAC-SHA-256(key, "ask" nonce)>
    200           {"link": "http://…", "proof": <HMAC-SHA-256(key, "answer" nonce link)>}

Invariant: the file is there only while the door is open, or after a program that was killed.
"""

from __future__ import annotations

import hmac
import http.client
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from wire.codec import decode_json, encode_json
from wire.errors import BadFrame, LinkLost, WireError
from wire.private_file import write_private

DOOR_FILE: Final = "page-door.json"
LINK_PATH: Final = "/link"
KEY_BYTES: Final = 32
NONCE_BYTES: Final = 16
LINK_LIFE_S: Final = 60
"""How long a link lets a browser in, in seconds of the program's own clock."""
FILE_BYTES_MAX: Final = 4096
ANSWER_BYTES_MAX: Final = 4096
ANSWER_WAIT_S_MAX: Final = 5
"""How long the program may take to answer, in seconds."""

_HOST: Final = re.compile(r"[a-z0-9-]+\.localhost:(?P<port>[0-9]{1,5})")


class NoDoor(WireError):
    """The folder has no page that is open: its program does not run, or has none."""


class Answered(msgspec.Struct, frozen=True):
    """The program's answer."""

    link: str
    proof: str

    def __repr__(self) -> str:
        return "Answered()"


class DoorFile(msgspec.Struct, frozen=True):
    """Content of the file.

    Attributes:
        host: the page's `name:port`.
        key: what proves that one has read this.
    """

    host: str
    key: bytes

    def __repr__(self) -> str:
        return f"DoorFile({self.host!r})"

    @classmethod
    def read(cls, folder: Path) -> DoorFile:
        """The file in a program's folder.

        Raises:
            NoDoor: there is none, or it cannot be read.
        """
        try:
            found = decode_json(cls, (folder / DOOR_FILE).read_bytes(), bytes_max=FILE_BYTES_MAX)
        except (BadFrame, OSError):
            raise NoDoor(f"{folder / DOOR_FILE} cannot be read") from None
        if _HOST.fullmatch(found.host) is None:
            raise NoDoor(f"{folder / DOOR_FILE} is damaged")
        return found

    def write(self, path: Path) -> None:
        """Replace `path` in one step by a file that only its owner can read."""
        write_private(path, encode_json(self))

    def question(self, nonce: str) -> str:
        """What whoever asks sends along."""
        return f"{nonce}.{self._mac('ask', nonce)}"

    def is_question(self, offered: str) -> bool:
        """Whether somebody who has read the file asks."""
        expected = self.question(offered.partition(".")[0])
        return hmac.compare_digest(expected.encode(), offered.encode("utf-8", "surrogatepass"))

    def answer(self, offered: str, link: str) -> Answered:
        """What the program answers to `offered`, which is a question."""
        return Answered(link, self._mac("answer", offered.partition(".")[0], link))

    def ask(self, entropy: Callable[[int], bytes]) -> str:
        """A link that lets one browser into the running program's page.

        Raises:
            NoDoor: nobody answers, or somebody else than the program that wrote the file.
            LinkLost: the program took too long.
        """
        nonce = entropy(NONCE_BYTES).hex()
        connection = http.client.HTTPConnection(
            "127.0.0.1", int(self.host.rpartition(":")[2]), timeout=ANSWER_WAIT_S_MAX
        )
        headers = {"Host": self.host, "Authorization": f"Bearer {self.question(nonce)}"}
        try:
            connection.request("POST", LINK_PATH, headers=headers)
            body = connection.getresponse().read(ANSWER_BYTES_MAX)
            answered = decode_json(Answered, body, bytes_max=ANSWER_BYTES_MAX)
        except TimeoutError:
            raise LinkLost("the program did not answer in time") from None
        except (OSError, http.client.HTTPException, BadFrame):
            raise NoDoor("the program does not answer") from None
        finally:
            connection.close()
        if answered != self.answer(self.question(nonce), answered.link):
            raise NoDoor("another program answers in its place")
        return answered.link

    def _mac(self, *parts: str) -> str:
        return hmac.new(self.key, "\n".join(parts).encode("utf-8", "replace"), "sha256").hexdigest()


__all__ = ["DOOR_FILE", "KEY_BYTES", "LINK_LIFE_S", "LINK_PATH", "Answered", "DoorFile", "NoDoor"]
