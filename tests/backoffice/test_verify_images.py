"""An insider among the photos: whatever they do to a file is found, and named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.blobs.folder import BlobFolder
from actors.store import event_digest
from backoffice.verify.office import Fault
from supervisors.at_rest import read_keys
from tests.backoffice.tampering import CARD, Tampered, case, make_office, tampering


@pytest.fixture
def tampered(tmp_path: Path) -> Iterator[Tampered]:
    """An office whose photos may be spoiled."""
    with tampering(make_office(tmp_path)) as one:
        yield one


def test_a_swapped_image_is_found(tampered: Tampered) -> None:
    """Altered, exchanged for another case's, cut, or gone: named with the case and the field."""
    photos = sorted((opened.body, file) for file, opened in tampered.photos())
    (body, file), (_, other) = photos[0], photos[-1]
    field, where = body.decode().split()[1], f"{case(CARD)}#1"
    assert "case 1" in body.decode()[:30]
    right = file.read_bytes()
    for content in (other.read_bytes(), right[:-1], right[:-1] + bytes([right[-1] ^ 1]), b""):
        file.write_bytes(content)
        blob, photo = tampered.report().findings
        assert (Fault.IMAGE_ALTERED, f"blob/{file.name}") == (blob.what, blob.where)
        assert (Fault.IMAGE_ALTERED, where, field) == (photo.what, photo.where, photo.detail)
    file.unlink()
    (photo,) = tampered.report().findings
    assert (Fault.IMAGE_MISSING, where, field) == (photo.what, photo.where, photo.detail)
    file.write_bytes(right)
    assert tampered.report().sound


def test_what_lies_among_the_images_and_is_none_is_found(tampered: Tampered) -> None:
    """A file of another name is a finding; a kept image that no case names is noted."""
    _, opened = next(tampered.photos())
    body = b"nobody's"
    database = tampered.folder.with_name("office.db")
    office = BlobFolder(tampered.folder, read_keys(database, random.Random(1).randbytes))
    office.put(event_digest(body), body, 1)
    assert () == tampered.report().notes, "it may still be handed in"
    office.keep(event_digest(body))
    office.keep(opened.digest)
    name = tampered.blobs.name(event_digest(body))
    (noted,) = tampered.report().notes
    assert (Fault.IMAGE_UNNAMED, f"blob/{name}") == (noted.what, noted.where)
    office.delete(event_digest(body))

    stray = tampered.folder / "kept" / "readme"
    stray.write_bytes(b"?")
    assert [(Fault.IMAGE_STRAY, "blobs/kept/readme")] == tampered.found()
    stray.unlink()
