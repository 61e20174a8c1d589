"""One DPoP proof: header lines and `now` in, a checked proof or a refusal out (RFC 9449 §4.3).

Pure, and the one home of this check: Portero's token endpoint uses it as well. Whether the proof
was used before (`jti`), and whether its `nonce` is one that the server gave, is the caller's to
find out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote_to_bytes, urlsplit

from portero_guard.checks import ALGORITHMS
from portero_guard.errors import ProofRefused, TokenRefused
from portero_guard.jwk import base64url, is_canonical, thumbprint, verification_keys
from portero_guard.jws import UnverifiedJws, check_signature, json_object, take_apart

# characters; a proof with an RSA key of 4096 bits and a long URL has about 2500
PROOF_CAP: Final = 4096
# seconds; a proof is made for one request, and a client's clock may be a little behind. It also
# bounds for how long a spent `jti` is remembered.
PROOF_SECONDS: Final = 120
# seconds; for a clock that is ahead. FAPI 2.0 §5.3.2.1 demands 10, and forbids more than 60.
PROOF_AHEAD_SECONDS: Final = 30
_JTI_CAP: Final = 256  # characters; a UUID has 36
_NONCE_CAP: Final = 256
# RFC 7518 §6.2.2, §6.3.2, §6.4: in a public key none of these can be
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
# characters: RSA up to 4096 bits, and an exponent up to 32. The key is the caller's own, and a
# large exponent would make us compute for longer than it takes to ask.
_RSA_CAPS: Final = {"n": 683, "e": 6}
_PORTS: Final = {"https": 443, "http": 80}
_PRINTABLE: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class CheckedProof:
    """The sender holds the key with the thumbprint `jkt` and signed this request, now. Remember
    (jkt, jti) until `expires_at`: later it is refused for its age. `nonce` is not checked yet."""

    jkt: str
    jti: str
    expires_at: datetime
    nonce: str = ""


def check_proof(
    unverified_lines: Sequence[str],
    *,
    expected_method: str,
    expected_urls: Collection[str],
    now: datetime,
    expected_token: str | None = None,
    algorithms: Collection[str] = ALGORITHMS,
) -> CheckedProof:
    """Check the DPoP header lines of one request, in the order of RFC 9449 §4.3. `expected_urls`
    are the names of the one place that was asked; `expected_token` is the access token that came
    with the proof, at a resource (§7). Raises `ProofRefused`."""
    if len(unverified_lines) != 1:
        raise ProofRefused(f"{len(unverified_lines)} DPoP headers")
    if len(unverified_lines[0]) > PROOF_CAP:
        raise ProofRefused("longer than any proof")
    try:
        jws = take_apart(unverified_lines[0])
        jkt = _proven_key(jws, algorithms)
        claims = json_object(jws.payload)
    except TokenRefused as refusal:
        raise ProofRefused(refusal.detail) from refusal
    if claims.get("htm") != expected_method:  # methods have a case (RFC 9110 §9.1)
        raise ProofRefused("htm is another method")
    if _place(claims.get("htu")) not in [_place(url) for url in expected_urls]:
        raise ProofRefused("htu is another URL")
    if expected_token is not None and claims.get("ath") != _token_hash(expected_token):
        raise ProofRefused("ath is not the hash of this token")
    return CheckedProof(
        jkt=jkt,
        jti=_text(claims, "jti", _JTI_CAP),
        expires_at=_checked_age(claims.get("iat"), now.timestamp()),
        nonce=_nonce(claims),
    )


def _proven_key(jws: UnverifiedJws, algorithms: Collection[str]) -> str:
    """The thumbprint of the key in the header, which made the signature."""
    typ, alg, jwk = (jws.header.get(name) for name in ("typ", "alg", "jwk"))
    # RFC 8725 §3.11: nothing else that this key ever signed is a proof
    if not isinstance(typ, str) or typ.lower() != "dpop+jwt":
        raise ProofRefused("typ is not dpop+jwt")
    if not isinstance(alg, str) or alg not in algorithms or alg not in ALGORITHMS:
        raise ProofRefused("alg is not an accepted one")
    if "crit" in jws.header:
        raise ProofRefused("crit names extensions that we do not have")
    if not isinstance(jwk, dict):
        raise ProofRefused("jwk is missing")
    if not _PRIVATE.isdisjoint(jwk):
        raise ProofRefused("jwk holds a private key, which is now everybody's")
    if any(len(str(jwk.get(name, ""))) > cap for name, cap in _RSA_CAPS.items()):
        raise ProofRefused("jwk is larger than any key of use")
    key = dict(verification_keys(jwk)).get(alg)
    if key is None or not is_canonical(jwk, key):
        raise ProofRefused("jwk is not a well-formed public key for alg")
    check_signature(jws, alg=alg, key=key)
    return thumbprint(jwk)


def _place(url: object) -> tuple[str, str, int, bytes]:
    """Where a URL points, without query and fragment (RFC 9449 §4.3 point 9), normalised.

    Paths are compared percent-decoded, because WSGI applications are told no other one: so
    `/a%2Fb` counts as `/a/b`, which such an application can't tell apart either.
    """
    if not isinstance(url, str) or _PRINTABLE.fullmatch(url) is None:
        raise ProofRefused("htu is not a URL")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ProofRefused("htu is not a URL") from error
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        raise ProofRefused("htu is not an absolute http URL")
    port = _PORTS[parts.scheme] if port is None else port
    return parts.scheme, parts.hostname, port, unquote_to_bytes(parts.path or "/")


def _token_hash(token: str) -> str:
    return base64url(sha256(token.encode("utf-8", "surrogatepass")).digest())


def _text(claims: Mapping[str, Any], name: str, cap: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= cap:
        raise ProofRefused(f"{name} is not a usable string")
    return value


def _nonce(claims: Mapping[str, Any]) -> str:
    """RFC 9449 §8.1: visible ASCII; "" where none was sent."""
    nonce = _text(claims, "nonce", _NONCE_CAP) if "nonce" in claims else ""
    if nonce and _PRINTABLE.fullmatch(nonce) is None:
        raise ProofRefused("nonce has characters that none of ours has")
    return nonce


def _checked_age(iat: object, now: float) -> datetime:
    """Until when a proof that was made at `iat` is young enough."""
    if isinstance(iat, bool) or not isinstance(iat, int | float):
        raise ProofRefused("iat is not a date")
    if not now - PROOF_SECONDS <= iat <= now + PROOF_AHEAD_SECONDS:
        raise ProofRefused("iat is too old, or in the future")
    return datetime.fromtimestamp(iat + PROOF_SECONDS, UTC)
