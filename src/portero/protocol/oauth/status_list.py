"""Token Status List (draft-ietf-oauth-status-list): one bit for each access token that may live.

Pure. A token names its bit (`status.status_list`: index and address); the list at that address is
a signed JWT. Whoever checks tokens fetches the list now and then, and asks nobody per token.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

STATUS_LIST_TYPE: Final = "statuslist+jwt"  # §5.1: the header's `typ`
STATUS_LIST_MEDIA_TYPE: Final = "application/statuslist+jwt"  # §8.1

# §4.1: the list must not tell how many tokens there are. Sizes are powers of two from here up, so
# that its length says little; all zeros, this many are 40 bytes on the wire.
SMALLEST_LIST: Final = 2**17  # indices


def list_size(highest_end: int) -> int:
    """How many indices the list has, for indices in use below `highest_end`: twice as many and
    more, so that a token which was issued after a list was fetched is not beyond its end."""
    size = SMALLEST_LIST
    while size < 2 * highest_end:
        size *= 2
    return size


def packed(revoked: Iterable[int], *, size: int) -> bytes:
    """The bits, one for each index, 1 for INVALID (§7.1); bit 0 is the lowest of byte 0 (§4.1)."""
    octets = bytearray((size + 7) // 8)
    for index in revoked:
        octets[index >> 3] |= 1 << (index & 7)
    return bytes(octets)


def status_list_claims(
    octets: bytes, *, uri: str, issuer: str, now: datetime, ttl_seconds: int, lifetime_seconds: int
) -> dict[str, Any]:
    """What the signed list says (§5.1). `ttl`: fetch it anew after so long; `exp`: never use it
    after that, whether a newer one can be fetched or not."""
    issued_at = int(now.timestamp())
    encoded = base64.urlsafe_b64encode(zlib.compress(octets, level=9)).rstrip(b"=").decode()
    return {
        "iss": issuer,
        "sub": uri,
        "iat": issued_at,
        "exp": issued_at + lifetime_seconds,
        "ttl": ttl_seconds,
        "status_list": {"bits": 1, "lst": encoded},
    }


def status_claim(index: int, uri: str) -> dict[str, Any]:
    """The claim of a token whose bit that is (§6.2)."""
    return {"status": {"status_list": {"idx": index, "uri": uri}}}


def status_index(claims: Mapping[str, Any], uri: str) -> int | None:
    """The place that the claims of a token of ours name in that list; None when they name none."""
    named = claims.get("status", {}).get("status_list", {})
    return int(named["idx"]) if named.get("uri") == uri else None
