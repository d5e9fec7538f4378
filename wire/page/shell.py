"""The document and the files that a page is made of, read once, before anybody can ask for them.

Everything is held in memory: there is no path from a URL to the file system, and a page is served
without a thread. The document itself is empty but for the import map; the program's own `main.js`
draws everything.

Invariant: a file is served only if it was in one of the folders at start, and all of them together
stay below `FILES_BYTES_MAX`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Literal

SHARED_FILES = Path(__file__).parent / "static"
FILES_BYTES_MAX = 16 * 1024 * 1024
"""All files of one page together, in bytes."""

Density = Literal["roomy", "dense"]
"""`roomy`: a teller, standing, a finger. `dense`: an expert, seated, a mouse."""

_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".woff2": "font/woff2",
}

IMPORT_MAP = json.dumps(
    {
        "imports": {
            "preact": "/shared/vendor/preact/preact.mjs",
            "preact/hooks": "/shared/vendor/preact/hooks.mjs",
            "@preact/signals": "/shared/vendor/signals/signals.mjs",
            "@preact/signals-core": "/shared/vendor/signals-core/signals-core.mjs",
            "htm": "/shared/vendor/htm/htm.mjs",
            "htm/preact": "/shared/vendor/htm/htm-preact.mjs",
            "signature_pad": "/shared/vendor/signature_pad/signature_pad.min.js",
            "uplot": "/shared/vendor/uplot/uPlot.esm.js",
            "backpack/connection": "/shared/connection.js",
            "backpack/i18n": "/shared/i18n.js",
            "backpack/picture": "/shared/picture.js",
            "backpack/ui": "/shared/ui.js",
        }
    }
)
"""Which file a bare module name means, as the browser reads it from the document."""

IMPORT_MAP_HASH = (
    "sha256-" + base64.b64encode(hashlib.sha256(IMPORT_MAP.encode()).digest()).decode()
)
"""The content security policy's name for the one inline script: the import map."""

_DOCUMENT = Template("""<!doctype html>
<html lang="zh-CN" data-density="$density">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<link rel="icon" href="/shared/favicon.svg">
<link rel="stylesheet" href="/shared/tokens.css">
<link rel="stylesheet" href="/shared/base.css">
<link rel="stylesheet" href="/app/style.css">
<script type="importmap">$import_map</script>
<script type="module" src="/app/main.js"></script>
</head>
<body><main id="page"></main></body>
</html>
""")

_SVG = re.compile(r"<svg[^>]*>(?P<drawing>.*)</svg>", re.DOTALL)


@dataclass(frozen=True)
class File:
    """One file as it is served."""

    media_type: str
    content: bytes


def document(*, title: str, density: Density) -> str:
    """The HTML of a page: nothing in it is anybody's secret."""
    return _DOCUMENT.substitute(title=html.escape(title), density=density, import_map=IMPORT_MAP)


def read_files(program_files: Path) -> Mapping[str, File]:
    """Every file that a page may ask for, by URL path: `/shared/…` and the program's `/app/…`.

    Raises:
        ValueError: together they are larger than `FILES_BYTES_MAX`.
    """
    files: dict[str, File] = {}
    for prefix, folder in (("/shared", SHARED_FILES), ("/app", program_files)):
        for path in sorted(folder.rglob("*")):
            media_type = _MEDIA_TYPES.get(path.suffix)
            if media_type is not None and path.is_file():
                url = f"{prefix}/{path.relative_to(folder).as_posix()}"
                files[url] = File(media_type, path.read_bytes())
    files["/shared/icons.svg"] = File(_MEDIA_TYPES[".svg"], _icon_sheet(files))
    if sum(len(file.content) for file in files.values()) > FILES_BYTES_MAX:
        raise ValueError(f"the files of this page exceed {FILES_BYTES_MAX} bytes")
    return files


def _icon_sheet(files: Mapping[str, File]) -> bytes:
    """All vendored icons as one file, so that a page fetches them once: `icons.svg#wifi`."""
    symbols = []
    for url, file in files.items():
        if url.startswith("/shared/vendor/lucide/"):
            found = _SVG.search(file.content.decode())
            assert found is not None, f"{url} is no icon"
            symbols.append(
                f'<symbol id="{Path(url).stem}" viewBox="0 0 24 24" fill="none"'
                ' stroke="currentColor" stroke-width="2" stroke-linecap="round"'
                f' stroke-linejoin="round">{found["drawing"]}</symbol>'
            )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'.encode()


__all__ = [
    "FILES_BYTES_MAX",
    "IMPORT_MAP",
    "IMPORT_MAP_HASH",
    "Density",
    "File",
    "document",
    "read_files",
]
