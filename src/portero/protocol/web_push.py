"""Web Push: encrypting a message to a browser (RFC 8291, in the coding of RFC 8188), and showing
the push service who sends it (VAPID, RFC 8292).

Pure: the ephemeral key, the salt and the time are given.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign

CONTENT_ENCODING: Final = "aes128gcm"
SALT_OCTETS: Final = 16  # RFC 8188 §2.1
_POINT_OCTETS: Final = 65  # an uncompressed point of P-256 (X9.62)
_AUTH_OCTETS: Final = 16  # RFC 8291 §3.2
_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]*")
_KEY_OCTETS: Final = 16
_NONCE_OCTETS: Final = 12
_TAG_OCTETS: Final = 16
# RFC 8291 §4: one record, and no push service has to take more than this in all (RFC 8030 §7.2).
_RECORD_OCTETS: Final = 4096
_HEADER_OCTETS: Final = SALT_OCTETS + 4 + 1 + _POINT_OCTETS
LONGEST_MESSAGE: Final = _RECORD_OCTETS - _HEADER_OCTETS - _TAG_OCTETS - 1
_LAST_RECORD: Final = b"\x02"  # RFC 8188 §2
# RFC 8292 §2 allows 24 hours, and clocks differ.
_TOKEN_LIFETIME: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Receiver:
    """What a browser tells of a subscription so that one can encrypt to it: its public key, and the
    secret that the push service does not know."""

    public_key: bytes
    auth: bytes = field(repr=False)


def receiver_of(p256dh: str, auth: str) -> Receiver:
    """The two members of a subscription's `keys`; ValueError when they are not what they should."""
    public_key, secret = octets(p256dh), octets(auth)
    if len(public_key) != _POINT_OCTETS or len(secret) != _AUTH_OCTETS:
        raise ValueError("a key of another length")
    _point(public_key)
    return Receiver(public_key, secret)


def encrypted(
    message: bytes, *, to: Receiver, ephemeral: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """The body to post. `ephemeral` and `salt` are of this message alone (RFC 8291 §3.1)."""
    if len(message) > LONGEST_MESSAGE:
        raise ValueError(f"longer than {LONGEST_MESSAGE} octets")
    own_point = point_of(ephemeral.public_key())
    shared = ephemeral.exchange(ec.ECDH(), _point(to.public_key))
    # RFC 8291 §3.4
    info = b"WebPush: info\0" + to.public_key + own_point
    keying = HKDF(SHA256(), length=32, salt=to.auth, info=info).derive(shared)
    header = salt + _RECORD_OCTETS.to_bytes(4, "big") + bytes([_POINT_OCTETS]) + own_point
    key = _derived(keying, salt, b"Content-Encoding: aes128gcm\0", _KEY_OCTETS)
    # RFC 8188 §2.3: of the first record, the only one.
    nonce = _derived(keying, salt, b"Content-Encoding: nonce\0", _NONCE_OCTETS)
    return header + AESGCM(key).encrypt(nonce, message + _LAST_RECORD, None)


def authorization(
    endpoint: str, *, key: ec.EllipticCurvePrivateKey, contact: str, now: datetime
) -> str:
    """The Authorization header of a message to that endpoint (RFC 8292 §3). `contact` is where the
    service reaches whoever sends: a mailto: or https: URI (§2.1)."""
    claims = {
        "aud": origin_of(endpoint),
        "exp": int((now + _TOKEN_LIFETIME).timestamp()),
        "sub": contact,
    }
    token = sign(claims, key=key, kid=None, alg=SigningAlg.ES256, typ="JWT")
    return f"vapid t={token}, k={text(point_of(key.public_key()))}"


def origin_of(endpoint: str) -> str:
    """RFC 6454 §6.1: without a port where it is the scheme's own."""
    parts = urlsplit(endpoint)
    default = {"https": 443, "http": 80}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (
        f":{parts.port}" if parts.port not in (None, default) else ""
    )


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """The public key as a browser takes it (`applicationServerKey`): an uncompressed point."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def text(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def octets(base64url: str) -> bytes:
    """What was base64url, with padding or without; ValueError else."""
    bare = base64url.rstrip("=")
    if not _BASE64URL.fullmatch(bare) or len(bare) % 4 == 1:
        raise ValueError("no base64url")
    return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))


def _point(raw: bytes) -> ec.EllipticCurvePublicKey:
    """ValueError for what is no point of the curve."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)


def _derived(keying: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(keying)
