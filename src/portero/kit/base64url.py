"""base64url without padding (RFC 4648 §5, RFC 7515 §2), as tokens are written."""

from __future__ import annotations

from binascii import b2a_base64
from typing import Final

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")


def base64url(octets: bytes) -> str:
    return b2a_base64(octets, newline=False).translate(_URL_SAFE, b"=").decode("ascii")
