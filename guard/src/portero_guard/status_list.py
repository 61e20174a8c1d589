"""A signed list of token statuses (draft-ietf-oauth-status-list), checked and unpacked. Pure.

The token says which entry of which list is its own; the list says whether that token still counts.
Both are signed by the issuer, each with a type of its own, so that neither passes for the other.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from portero_guard.checks import ALGORITHMS
from portero_guard.errors import TokenRefused
from portero_guard.fetch import ANSWER_CAP, is_safe_url
from portero_guard.jws import PublicKey, check_signature, decoded, json_object, take_apart

# §5.1; a media type may be written whole (RFC 7515 §4.1.9)
_TYPES: Final = frozenset({"statuslist+jwt", "application/statuslist+jwt"})

# bytes; 64 million tokens at one bit. A few kB of zeros inflate to gigabytes, so this is counted
# while it inflates (§11.4 of the draft names the attack).
INFLATED_CAP: Final = 8 * 1024 * 1024

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")

# seconds; for a list that names no `ttl`
_DEFAULT_TTL: Final = 60.0

_WIDTHS: Final = (1, 2, 4, 8)  # bits for one token (§4.2)
_VALID: Final = 0  # §7.1; every other status (invalid, suspended, an application's own) is a no


@dataclass(frozen=True, slots=True)
class StatusReference:
    """Which entry of which list a token has (§6.2). `uri` is of the issuer's own origin."""

    index: int
    uri: str


@dataclass(frozen=True, slots=True)
class CheckedList:
    """A list that the issuer signed. Times are seconds since 1970."""

    octets: bytes = field(repr=False)
    width: int
    issued_at: float
    expires_at: float
    ttl_seconds: float

    def __len__(self) -> int:
        return len(self.octets) * 8 // self.width

    def is_valid(self, index: int) -> bool:
        """Whether the token with that index counts; IndexError beyond the end. The first entry is
        in the lowest bits of the first byte (§4.1)."""
        at = index * self.width
        status = self.octets[at >> 3] >> (at & 7) & ((1 << self.width) - 1)
        return status == _VALID


def status_reference(claims: Mapping[str, Any], *, issuer: str) -> StatusReference | None:
    """What the checked claims say of their status; None when they name no list. A list of another
    origin is refused: a guard asks its issuer, and nobody whom a token names."""
    status = claims.get("status")
    if status is None:
        return None
    found = status.get("status_list") if isinstance(status, dict) else None
    if isinstance(status, dict) and found is None and "status_list" not in status:
        return None  # another mechanism (§6.1), which we do not have
    if not isinstance(found, dict):
        raise TokenRefused("status is malformed")
    index, uri = found.get("idx"), found.get("uri")
    if type(index) is not int or index < 0 or not isinstance(uri, str):
        raise TokenRefused("status_list needs a whole idx and a uri")
    if not is_safe_url(uri) or _origin(uri) != _origin(issuer):
        raise TokenRefused("the status list is not the issuer's own")
    return StatusReference(index, uri)


def check_status_list(
    unverified_list: bytes,
    *,
    key_for: Callable[[str, str], PublicKey | None],
    expected_issuer: str,
    expected_uri: str,
    now: float,
    leeway_seconds: float,
) -> CheckedList:
    """Check a list as it was fetched (§8.3). Raises `TokenRefused`."""
    try:
        text = unverified_list.decode("ascii").strip()
    except UnicodeDecodeError:
        raise TokenRefused("the list is no JWS") from None
    jws = take_apart(text, cap=ANSWER_CAP)
    kid, alg = _checked_header(jws.header)
    key = key_for(kid, alg)
    if key is None:
        raise TokenRefused("the list is signed by no published key")
    check_signature(jws, alg=alg, key=key)
    claims = json_object(jws.payload)
    # §8.3: else one list of the issuer could stand in for another, whose bits mean other tokens.
    if claims.get("sub") != expected_uri:
        raise TokenRefused("the list is another one")
    if claims.get("iss", expected_issuer) != expected_issuer:
        raise TokenRefused("the list is of another issuer")
    return _unpacked(claims, now, leeway_seconds)


def _checked_header(header: Mapping[str, Any]) -> tuple[str, str]:
    typ, alg, kid = header.get("typ"), header.get("alg"), header.get("kid")
    if not isinstance(typ, str) or typ.lower() not in _TYPES:
        raise TokenRefused("typ is not that of a status list")
    if not isinstance(alg, str) or alg not in ALGORITHMS or "crit" in header:
        raise TokenRefused("the list's alg or crit is not an accepted one")
    if not isinstance(kid, str) or not kid:
        raise TokenRefused("the list has no kid")
    return kid, alg


def _unpacked(claims: Mapping[str, Any], now: float, leeway: float) -> CheckedList:
    issued_at = _number(claims, "iat")
    ttl = _number(claims, "ttl", _DEFAULT_TTL)
    # Without exp (§5.1 recommends one) a list counts as long as it is fresh.
    expires_at = _number(claims, "exp", issued_at + ttl)
    if issued_at > now + leeway or now >= expires_at + leeway or ttl <= 0:
        raise TokenRefused("the list is not of this time")
    content = claims.get("status_list")
    if not isinstance(content, dict):
        raise TokenRefused("the list has no content")
    width, packed = content.get("bits"), content.get("lst")
    if type(width) is not int or width not in _WIDTHS or not isinstance(packed, str):
        raise TokenRefused("bits or lst is malformed")
    if _BASE64URL.fullmatch(packed) is None:
        raise TokenRefused("lst is not base64url")
    return CheckedList(_inflated(decoded(packed)), width, issued_at, expires_at, ttl)


def _inflated(compressed: bytes) -> bytes:
    inflating = zlib.decompressobj()
    try:
        octets = inflating.decompress(compressed, INFLATED_CAP)
    except zlib.error as error:
        raise TokenRefused("lst is not ZLIB") from error
    if not inflating.eof or inflating.unused_data:
        raise TokenRefused("lst is too large, cut off, or has something behind it")
    return octets


def _number(claims: Mapping[str, Any], name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if type(value) not in (int, float) or not 0 <= value < 1e12:  # NaN is not, either
        raise TokenRefused(f"the list's {name} is not a number of seconds")
    return float(value)


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    port = default if parts.port is None else parts.port
    return parts.scheme, (parts.hostname or "").lower(), port
