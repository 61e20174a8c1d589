"""An authenticator and its browser in software: real keys, real signatures, and a knob for every
field that an attacker could turn."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

PRESENT, VERIFIED, ELIGIBLE, BACKED_UP, ATTESTED, EXTENDED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
ORIGIN = "http://localhost:8000"
NO_AAGUID = bytes(16)

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def new_key(alg: int) -> PrivateKey:
    if alg == -8:
        return ed25519.Ed25519PrivateKey.generate()
    if alg == -257:
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP384R1() if alg == -35 else ec.SECP256R1())


def cose(key: PrivateKey, alg: int) -> dict[int, Any]:
    """The public half as a COSE key (RFC 9053)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: alg, -1: 6, -2: key.public_key().public_bytes_raw()}
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        n = public.n.to_bytes((public.n.bit_length() + 7) // 8, "big")
        return {1: 3, 3: alg, -1: n, -2: b"\x01\x00\x01"}
    point = key.public_key().public_numbers()
    size, curve = (48, 2) if key.curve.name == "secp384r1" else (32, 1)
    x, y = point.x.to_bytes(size, "big"), point.y.to_bytes(size, "big")
    return {1: 2, 3: alg, -1: curve, -2: x, -3: y}


def signed(key: PrivateKey, content: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(content)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), SHA256())
    digest = SHA384() if key.curve.name == "secp384r1" else SHA256()
    return key.sign(content, ec.ECDSA(digest))


@dataclass(slots=True)
class Twist:
    """What is other than it should be. `client_data` are members to add or, with None, to leave
    out; `flags_on` and `flags_off` are bits."""

    type: str = ""
    challenge: str = ""
    origin: str = ORIGIN
    client_data: dict[str, Any] = field(default_factory=dict)
    client_data_text: bytes = b""
    rp_id: str = ""
    flags_on: int = 0
    flags_off: int = 0
    sign_count: int | None = None
    tail: bytes = b""
    cut: int = 0


AS_IT_IS = Twist()


@dataclass(slots=True)
class SoftwareAuthenticator:
    """Holds one passkey once it was made. `counts` as security keys do; synced ones stay at 0."""

    alg: int = -7
    synced: bool = False
    counts: bool = True
    aaguid: bytes = NO_AAGUID
    attestation_key: PrivateKey | None = None
    attestation_chain: tuple[x509.Certificate, ...] = ()
    credential_id: bytes = b""
    user_handle: str = ""
    rp_id: str = "localhost"
    sign_count: int = 0
    key: PrivateKey | None = None

    def __post_init__(self) -> None:
        self.key = self.key or new_key(self.alg)
        self.credential_id = (
            self.credential_id or hashlib.sha256(cbor2.dumps(cose(self.key, self.alg))).digest()
        )

    @property
    def id(self) -> str:
        return b64(self.credential_id)

    # --- the two ceremonies ---------------------------------------------------------------------

    def create(self, options: Mapping[str, Any], twist: Twist = AS_IT_IS) -> dict[str, Any]:
        """Answers `navigator.credentials.create`."""
        self.user_handle = options["user"]["id"]
        self.rp_id = options["rp"]["id"]
        client_data = self._client_data("webauthn.create", options, twist)
        data = self._data(twist, attested=True)
        statement: dict[str, Any] = {"fmt": "none", "attStmt": {}, "authData": data}
        if self.attestation_key is not None:
            content = data + hashlib.sha256(client_data).digest()
            statement["fmt"] = "packed"
            statement["attStmt"] = {"alg": self.alg, "sig": signed(self.attestation_key, content)}
            if self.attestation_chain:
                from cryptography.hazmat.primitives.serialization import Encoding

                chain = [each.public_bytes(Encoding.DER) for each in self.attestation_chain]
                statement["attStmt"]["x5c"] = chain
        return self._answer(
            client_data,
            attestationObject=b64(cbor2.dumps(statement)),
            transports=["internal", "hybrid"],
        )

    def get(
        self, options: Mapping[str, Any], twist: Twist = AS_IT_IS, *, handle: str | None = None
    ) -> dict[str, Any]:
        """Answers `navigator.credentials.get`; "" leaves the user's handle out."""
        client_data = self._client_data("webauthn.get", options, twist)
        if self.counts:
            self.sign_count += 1
        data = self._data(twist, attested=False)
        assert self.key is not None
        signature = signed(self.key, data + hashlib.sha256(client_data).digest())
        told = self.user_handle if handle is None else handle
        more = {"userHandle": told} if told else {}
        return self._answer(
            client_data, authenticatorData=b64(data), signature=b64(signature), **more
        )

    # --- their parts ----------------------------------------------------------------------------

    def _answer(self, client_data: bytes, **response: Any) -> dict[str, Any]:
        return {
            "id": self.id,
            "rawId": self.id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {"clientDataJSON": b64(client_data), **response},
        }

    def _client_data(self, type_: str, options: Mapping[str, Any], twist: Twist) -> bytes:
        if twist.client_data_text:
            return twist.client_data_text
        told = {
            "type": twist.type or type_,
            "challenge": twist.challenge or options["challenge"],
            "origin": twist.origin,
            "crossOrigin": False,
            **twist.client_data,
        }
        return json.dumps({k: v for k, v in told.items() if v is not None}).encode()

    def _data(self, twist: Twist, *, attested: bool) -> bytes:
        flags = PRESENT | VERIFIED | (ELIGIBLE | BACKED_UP if self.synced else 0)
        flags |= ATTESTED if attested else 0
        flags = (flags | twist.flags_on) & ~twist.flags_off
        count = self.sign_count if twist.sign_count is None else twist.sign_count
        rp_id = twist.rp_id or self.rp_id
        data = hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")
        if attested:
            assert self.key is not None
            data += self.aaguid + len(self.credential_id).to_bytes(2, "big") + self.credential_id
            data += cbor2.dumps(cose(self.key, self.alg))
        data += twist.tail
        return data[: len(data) - twist.cut]
