"""What a program keeps beside its database: the keys to what is stored, and its photos.

    storage.keys      keys of what is stored (0600); without them nothing in the folder is readable
    blobs/            photos and recordings, sealed; see `actors.blobs.folder`

The keys are made once, in a folder without data: keys that are missing beside data were lost, and
new ones in their place would only hide that.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from actors.blobs.files import FileBlobs
from actors.blobs.folder import BlobFolder
from actors.blobs.port import BlobTerms
from actors.ports import Entropy, Outside
from actors.sealing import BadKeyFile, EmbeddedSealer, Sealer, new_key_file, read_key_file
from supervisors.folder import FolderUnusable
from wire.private_file import write_private

KEY_FILE: Final = "storage.keys"
BLOBS_FOLDER: Final = "blobs"


class KeysUnusable(FolderUnusable):
    """The keys of what is stored are missing or damaged; the message says which file."""


def open_keys(database: Path, entropy: Entropy) -> EmbeddedSealer:
    """The keys of a program's folder, made at its first start.

    Args:
        database: the program's; the key file is beside it.

    Raises:
        KeysUnusable: as `read_keys`.
        OSError: they cannot be written.
    """
    path = database.with_name(KEY_FILE)
    if not path.exists() and not database.exists():
        write_private(path, new_key_file(entropy))
    return read_keys(database, entropy)


def read_keys(database: Path, entropy: Entropy) -> EmbeddedSealer:
    """The keys of a folder that has data already; nothing is made.

    Raises:
        KeysUnusable: the file is missing, does not read, or is no key file.
    """
    path = database.with_name(KEY_FILE)
    try:
        return read_key_file(path.read_bytes(), entropy)
    except FileNotFoundError:
        words = "存储密钥文件缺失，请从备份恢复 · the keys of what is stored are missing"
        raise KeysUnusable(f"{path}: {words}") from None
    except OSError as error:
        words = "存储密钥文件无法读取 · the keys of what is stored cannot be read"
        raise KeysUnusable(f"{path}: {words}: {error.strerror}") from error
    except BadKeyFile as error:
        words = "存储密钥文件已损坏 · the keys of what is stored are damaged"
        raise KeysUnusable(f"{path}: {words}: {error}") from None


def open_blobs(database: Path, sealer: Sealer, outside: Outside, terms: BlobTerms) -> FileBlobs:
    """The photos of a folder, for the program that has it.

    Raises:
        BlobError: the folder cannot be made.
    """
    folder = BlobFolder(database.with_name(BLOBS_FOLDER), sealer)
    folder.prepare()
    return FileBlobs(folder, outside, terms)


def read_blobs(database: Path) -> BlobFolder:
    """The photos of a folder, for somebody who only looks.

    Raises:
        KeysUnusable: as `read_keys`.
    """
    return BlobFolder(database.with_name(BLOBS_FOLDER), read_keys(database, _seals_nothing))


def _seals_nothing(_size: int, /) -> bytes:
    raise AssertionError("who only looks needs no entropy")


__all__ = [
    "BLOBS_FOLDER",
    "KEY_FILE",
    "KeysUnusable",
    "open_blobs",
    "open_keys",
    "read_blobs",
    "read_keys",
]
