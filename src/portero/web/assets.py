"""Our own files for browsers, and those of a theme: read once, sent small, kept for long.

An address has a part of the content's hash in it, so that a browser never shows new pages in an old
dress, and need not ask again meanwhile.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

STATIC: Final = Path(__file__).parent / "static"
# Anything else in a theme's folder is not for browsers.
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    content: bytes = field(repr=False)
    squeezed: bytes = field(repr=False)
    version: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> Asset:
        digest = hashlib.sha256(content).hexdigest()[:12]
        squeezed = gzip.compress(content, mtime=0)
        return cls(media_type, content, squeezed, digest)

    @property
    def is_squeezable(self) -> bool:
        return len(self.squeezed) < len(self.content)


@dataclass(frozen=True, slots=True)
class Assets:
    """Files by the part of their address below `root`."""

    root: str
    by_name: dict[str, Asset]

    @classmethod
    def of_folder(cls, root: str, folder: Path) -> Assets:
        found = {}
        for path in sorted(folder.rglob("*")):
            media_type = TYPES.get(path.suffix)
            if media_type is not None and path.is_file():
                name = path.relative_to(folder).as_posix()
                found[name] = Asset.of(path.read_bytes(), media_type)
        return cls(root, found)

    def path(self, name: str) -> str:
        """The address below the issuer. Raises `KeyError` for what is not there."""
        return f"{self.root}/{quote(name)}?v={self.by_name[name].version}"
