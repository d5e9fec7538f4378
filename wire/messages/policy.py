"""The routing policy: how operators read it, change it, and take a change back.

Who authorizes where and when is a document of the office with numbered versions. A change makes a
new version and touches only cases that are submitted afterwards; a rollback is such a change, too.
"""

from __future__ import annotations

import msgspec

from wire.message import Request

NOTE_CHARS_MAX = 200
"""The longest note of a change, in characters."""


class PolicyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the policy.

    Attributes:
        version: 1 is what the office began with.
        author: the operator's device id; empty for version 1.
        note: why, in the author's words.
        at_ms: since when it is, or was, in force, Unix milliseconds; 0 for version 1.
        restored: the version whose content a rollback took up again; 0 for any other change.
    """

    version: int
    author: str
    note: str
    at_ms: int
    restored: int = 0


class PolicyText(msgspec.Struct, frozen=True, kw_only=True):
    """A version with its document, TOML or JSON, as it was handed in."""

    about: PolicyVersion
    text: str


class PolicyVersions(msgspec.Struct, frozen=True):
    """The versions that can be read and restored, newest first."""

    versions: tuple[PolicyVersion, ...]


class GetPolicy(Request[PolicyText], frozen=True, tag="GetPolicy"):
    """Read a version; 0 is the one in force (operators only)."""

    version: int = 0


class SetPolicy(Request[PolicyText], frozen=True, tag="SetPolicy"):
    """Put a document in force (operators only); the same again changes nothing.

    Attributes:
        text: TOML, or JSON when it begins with a brace.
        note: why.
        base: the version that the author started from; `E_STALE` when it is no longer in force;
            0 to replace whatever is.
    """

    text: str
    note: str
    base: int = 0


class PolicyHistory(Request[PolicyVersions], frozen=True, tag="PolicyHistory"):
    """Which versions there were (operators only)."""


class RollbackPolicy(Request[PolicyText], frozen=True, tag="RollbackPolicy"):
    """Make a new version with the content of a former one (operators only)."""

    version: int
    note: str


__all__ = [
    "NOTE_CHARS_MAX",
    "GetPolicy",
    "PolicyHistory",
    "PolicyText",
    "PolicyVersion",
    "PolicyVersions",
    "RollbackPolicy",
    "SetPolicy",
]
