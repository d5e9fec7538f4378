"""The published test vectors, and the command that checks a file of them."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.noise_vectors import Verdict, judge, load, main, name_of
from wire.noise import PATTERNS

VECTORS = Path(__file__).parent.parent / "vectors" / "noise_25519_ChaChaPoly_BLAKE2b.json"


def published() -> list[Any]:
    return load(VECTORS)


def flipped(text: str) -> str:
    """The same hexadecimal text with one bit of its middle byte changed."""
    data = bytearray.fromhex(text)
    data[len(data) // 2] ^= 4
    return data.hex()


@pytest.mark.parametrize("entry", published(), ids=name_of)
def test_agrees_with_the_publication(entry: dict[str, Any]) -> None:
    """Both roles write and read exactly the published bytes, and reach the published hash."""
    assert (Verdict.PASSED, "") == judge(entry)


def test_every_pattern_of_the_wire_has_a_published_vector() -> None:
    """A pattern that nobody published a vector for would be our own invention."""
    expected = {pattern.protocol_name for pattern in PATTERNS.values()}

    assert expected == {name_of(entry) for entry in published()}


@pytest.mark.parametrize("entry", published(), ids=name_of)
def test_notices_a_change_to_anything(entry: dict[str, Any]) -> None:
    """A vector with a single bit changed, wherever it is, does not pass."""
    tampered: list[dict[str, Any]] = []
    for key, value in entry.items():
        if key in ("protocol_name", "messages"):
            continue
        changed = [flipped(value[0])] if isinstance(value, list) else flipped(value)
        tampered.append({**entry, key: changed})
    for number, message in enumerate(entry["messages"]):
        for key in message:
            changed = copy.deepcopy(entry["messages"])
            changed[number][key] = flipped(message[key])
            tampered.append({**entry, "messages": changed})

    assert [Verdict.FAILED] * len(tampered) == [judge(vector)[0] for vector in tampered]


def test_reads_the_older_name_key_and_vectors_without_a_hash() -> None:
    """The snow format has no handshake hash, and empty lists of pre-shared keys."""
    vector = next(entry for entry in published() if "_XX_" in name_of(entry))
    del vector["handshake_hash"]
    vector["name"] = vector.pop("protocol_name")
    vector |= {"init_psks": [], "resp_psks": []}

    assert (Verdict.PASSED, "") == judge(vector)


@pytest.mark.parametrize(
    "name",
    [
        "Noise_IK_25519_AESGCM_BLAKE2b",
        "Noise_IK_448_ChaChaPoly_BLAKE2b",
        "Noise_IK_25519_ChaChaPoly_SHA256",
        "Noise_N_25519_ChaChaPoly_BLAKE2b",
        "Noise_XXfallback_25519_ChaChaPoly_BLAKE2b",
        "Noise_XXpsk0+psk3_25519_ChaChaPoly_BLAKE2b",
        "NoisePSK_IK_25519_ChaChaPoly_BLAKE2b",
    ],
)
def test_skips_what_the_wire_does_not_have(name: str) -> None:
    """Another suite, a one-way or fallback form, several pre-shared keys: not ours to judge."""
    assert Verdict.SKIPPED is judge({"protocol_name": name})[0]


@pytest.mark.parametrize(
    "change",
    [
        {"messages": []},
        {"messages": "none"},
        {"resp_static": None},
        {"resp_static": "0g"},
        {"init_ephemeral": "00"},
        {"init_psks": []},
        {"protocol_name": ""},
    ],
    ids=str,
)
def test_a_malformed_vector_fails(change: dict[str, Any]) -> None:
    """A vector that cannot be played is a failure, not a skip and not a crash."""
    vector = next(entry for entry in published() if "IKpsk2" in name_of(entry))

    assert Verdict.FAILED is judge({**vector, **change})[0]


def test_the_command_passes_the_published_file(capsys: pytest.CaptureFixture[str]) -> None:
    """One closing line on stdout, nothing on stderr, exit code 0."""
    code = main([str(VECTORS)])

    assert (0, ("6 passed, 0 failed, 0 skipped\n", "")) == (code, tuple(capsys.readouterr()))


def test_the_command_names_each_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure has a line of its own on stderr and makes the exit code 1."""
    vectors = published()
    vectors[2]["handshake_hash"] = flipped(vectors[2]["handshake_hash"])
    vectors[3]["protocol_name"] = "Noise_XX_448_ChaChaPoly_BLAKE2b"
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps({"vectors": [*vectors, 7]}))

    code = main([str(file)])

    out, err = capsys.readouterr()
    assert (1, "4 passed, 2 failed, 1 skipped\n") == (code, out)
    assert ["vector 2", "vector 6"] == [line.split(",")[0] for line in err.splitlines()]


@pytest.mark.parametrize(
    "content", [None, b"", b"\xff", b"[]", b"{}", b'{"vectors": 1}', b"[" * 10**5]
)
def test_the_command_tells_an_unreadable_file(tmp_path: Path, content: bytes | None) -> None:
    """Exit code 2 for a file that is absent or no file of vectors."""
    file = tmp_path / "vectors.json"
    if content is not None:
        file.write_bytes(content)

    assert 2 == main([str(file)])


def test_the_command_wants_one_file() -> None:
    """Without a file there is nothing to judge."""
    assert 2 == main([])
