"""Writes `docs/configuration.md`: every key of the configuration, from the code.

`python -m tests.kit.configuration_page --write`; a test holds the page against the code.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args, get_origin

import msgspec

from backoffice.catalogue import products
from backoffice.configuration.bounds import RANGES
from backoffice.configuration.settings import defaults
from backoffice.configuration.text import descriptions, summary, written

PAGE = Path(__file__).parent.parent.parent / "docs" / "configuration.md"

HEAD = """# The configuration

Made by `python -m tests.kit.configuration_page --write` from the Structs.

A training office runs without a file; any other has to say in `[ports]` who stands outside.
`backpack office --config FILE` reads one in TOML, once, at its start; `backpack config` prints
everything that is in force, in a form that can be read in again.
A section may be repeated for one county union, where it changes what holds for all (but for
`customers`, `feeds`, `ports`, `passcodes` and `blobs`, which no union has of its own):

```toml
[limits]
accuracy_m_max = 80

[products]
disabled = ["securities_account"]

[union."530111".limits]
accuracy_m_max = 200
```

A value replaces the default as a whole, arrays and tables too. A file with a mistake stops the
office before it starts; the message names line, dotted key and what it should be. Amounts are
integer fen, `*_ms` milliseconds. Where a key has no bounds of its own, a number is at least 0.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, section in defaults(products()).items():
        parts += _section(name, section)
    return "\n".join(parts)


def _section(name: str, section: msgspec.Struct) -> list[str]:
    kind = type(section)
    meanings = descriptions(kind)
    parts = [f"## `[{name}]`\n", f"{summary(kind)}\n"]
    rows = ["| key | default | bounds | meaning |", "| --- | --- | --- | --- |"]
    inner = []
    for field in msgspec.structs.fields(kind):
        value = getattr(section, field.name)
        if isinstance(value, msgspec.Struct):
            inner += _section(f"{name}.{field.name}", value)
            continue
        bounds = _bounds(kind, field.name, field.type)
        meaning = meanings.get(field.name, "")
        cells = (f"`{field.name}`", _default(value), bounds, meaning)
        rows.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    parts += ["\n".join(rows) + "\n"] if len(rows) > 2 else []
    return parts + inner


def _default(value: object) -> str:
    if value is None:
        return "not set"
    text = " ".join(written(value).split())
    return f"`{text}`" if len(text) <= 60 else f"{len(text)} characters, see `backpack config`"


def _bounds(kind: type[msgspec.Struct], key: str, hint: Any) -> str:
    known = RANGES.get(kind, {}).get(key)
    if known is not None:
        return f"{known[0]}–{known[1]}"
    if get_origin(hint) is not None:
        metas = [one for one in get_args(hint) if isinstance(one, msgspec.Meta)]
        for meta in metas:
            return "–".join("" if one is None else str(one) for one in (meta.ge, meta.le))
    return ""


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(page(), "utf-8")
    else:
        sys.stdout.write(page())
