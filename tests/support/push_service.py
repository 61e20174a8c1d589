"""A push service and its browsers, on this machine: keeps the keys of subscriptions, checks who
sends and how, and reads what arrived by its own code (RFC 8030, 8188, 8291, 8292).

Nothing here imports Portero's own Web Push.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_A_DAY = 86_400
_UNCOMPRESSED = (Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass(frozen=True)
class Arrived:
    """One message, read. Names of headers are in lower case."""

    headers: Mapping[str, str]
    content: dict[str, Any]
    vapid: dict[str, Any]
    raw: bytes
    browser: Browser

    @property
    def secret(self) -> str:
        return str(self.content["secret"])


@dataclass
class Browser:
    """One subscription, with its private part. `status` is what the service answers for it."""

    path: str
    url: str
    private: ec.EllipticCurvePrivateKey
    auth: bytes
    server_key: str = ""
    status: int = 201
    retry_after: str = ""
    arrived: list[Arrived] = field(default_factory=list)

    def subscription(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON()` tells it to the page."""
        point = self.private.public_key().public_bytes(*_UNCOMPRESSED)
        keys = {"p256dh": to_text(point), "auth": to_text(self.auth)}
        return {"endpoint": self.url + self.path, "expirationTime": None, "keys": keys}

    @property
    def newest(self) -> Arrived:
        assert self.arrived, "nothing has arrived"
        return self.arrived[-1]


@dataclass
class PushService:
    """`complaints` are what was wrong with messages, which were refused for it."""

    url: str = ""
    browsers: dict[str, Browser] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    asked: int = 0

    def browser(self, server_key: str = "") -> Browser:
        """A new subscription, for messages of whoever has that key (any, where it is '')."""
        path = f"/push/{secrets.token_urlsafe(24)}"
        private = ec.generate_private_key(ec.SECP256R1())
        made = Browser(path, self.url, private, secrets.token_bytes(16), server_key)
        self.browsers[path] = made
        return made

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, str]:
        """The status, and how long to wait."""
        self.asked += 1
        browser = self.browsers.get(path)
        if browser is None:
            return 404, ""
        if browser.status != 201:
            return browser.status, browser.retry_after
        try:
            vapid = _sender(headers["authorization"], audience=self.url, key=browser.server_key)
            _check_headers(headers)
            content = json.loads(opened(body, browser.private, browser.auth))
        except (ValueError, KeyError, InvalidSignature, InvalidTag) as error:
            self.complaints.append(f"{type(error).__name__}: {error}")
            return 400, ""
        browser.arrived.append(Arrived(headers, content, vapid, body, browser))
        return 201, ""


def opened(body: bytes, private: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """RFC 8291 §3.4 and RFC 8188 §2, for a message of one record."""
    salt, record_size, id_length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
    sender, sealed = body[21 : 21 + id_length], body[21 + id_length :]
    if record_size < 18 or len(sealed) > record_size or len(body) > 4096:
        raise ValueError("not one record of the size that it says")
    own = private.public_key().public_bytes(*_UNCOMPRESSED)
    peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    shared = private.exchange(ec.ECDH(), peer)
    keying = _hkdf(auth, shared, b"WebPush: info\x00" + own + sender, 32)
    key = _hkdf(salt, keying, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _hkdf(salt, keying, b"Content-Encoding: nonce\x00", 12)
    padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
    if padded[-1:] != b"\x02":
        raise ValueError("the last record does not end as one")
    return padded[:-1]


def _hkdf(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, of one block."""
    extracted = hmac.digest(salt, secret, hashlib.sha256)
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)[:length]


def _sender(authorization: str, *, audience: str, key: str) -> dict[str, Any]:
    """RFC 8292 §2 to §4.2; the claims."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "vapid":
        raise ValueError("no VAPID")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    if key and parts["k"] != key:
        raise ValueError("not the key that the browser subscribed with")
    head, claims, signature = parts["t"].split(".")
    if json.loads(to_bytes(head))["alg"] != "ES256":
        raise ValueError("no ES256")
    raw = to_bytes(signature)
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), to_bytes(parts["k"]))
    point.verify(
        encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")),
        f"{head}.{claims}".encode(),
        ec.ECDSA(SHA256()),
    )
    said: dict[str, Any] = json.loads(to_bytes(claims))
    if said["aud"] != audience:
        raise ValueError(f"for {said['aud']}")
    if not time.time() < said["exp"] <= time.time() + _A_DAY:
        raise ValueError("expired, or good for more than a day")
    if not said["sub"].startswith(("mailto:", "https:")):
        raise ValueError("nobody to reach")
    return said


def _check_headers(headers: Mapping[str, str]) -> None:
    if headers["content-encoding"] != "aes128gcm":
        raise ValueError("another coding")
    if not headers["ttl"].isdecimal():
        raise ValueError("no TTL")
    if headers.get("urgency", "normal") not in {"very-low", "low", "normal", "high"}:
        raise ValueError("no such urgency")
    topic = headers.get("topic", "")
    if len(topic) > 32 or not all(c.isalnum() or c in "-_" for c in topic):
        raise ValueError("no topic")


def to_text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def push_service() -> Iterator[PushService]:
    with serving() as service:
        yield service


@contextmanager
def serving() -> Iterator[PushService]:
    service = PushService()

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, retry_after = service.take(self.path, headers, body)
            self.send_response(status)
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Post)
    service.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield service
    server.shutdown()
    server.server_close()
