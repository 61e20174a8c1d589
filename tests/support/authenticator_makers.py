"""Somebody who makes authenticators: a root, the certificate of a batch, and an entry in the FIDO
Metadata (WebAuthn L3 §8.2.1)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.software_authenticator import SoftwareAuthenticator, b64

_AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")

_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class Maker:
    """Issues one batch certificate for a make."""

    def __init__(self, aaguid: bytes) -> None:
        self.aaguid = aaguid
        self._key, self.key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self.root = _certificate("Root", "Root", self._key, self._key, ca=True)
        self.batch = _certificate("Batch", "Root", self.key, self._key, ca=False, aaguid=aaguid)

    def authenticator(self, aaguid: bytes) -> SoftwareAuthenticator:
        """One of this maker's, that says it is of that make."""
        return SoftwareAuthenticator(
            aaguid=aaguid, attestation_key=self.key, attestation_chain=(self.batch,)
        )


class MetadataService:
    """Signs BLOBs as FIDO's does; `root` is in PEM."""

    def __init__(self, name: str = "mds.fidoalliance.org", *, days: int = 30) -> None:
        root_key, self._key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _service_certificate("Root", "Root", root_key, root_key, days=days)
        self._signer = _service_certificate(name, "Root", self._key, root_key, days=days)
        self.root = root.public_bytes(Encoding.PEM)

    def signed(self, content: bytes, *, alg: str = "ES256") -> bytes:
        x5c = [base64.b64encode(self._signer.public_bytes(Encoding.DER)).decode()]
        head = b64(json.dumps({"alg": alg, "typ": "JWT", "x5c": x5c}).encode())
        signed = f"{head}.{b64(content)}".encode()
        halves = decode_dss_signature(self._key.sign(signed, ec.ECDSA(SHA256())))
        raw = b"".join(half.to_bytes(32) for half in halves)
        return signed + b"." + b64(raw).encode()


def _service_certificate(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    days: int,
) -> x509.Certificate:
    """As the public authorities of the web make them: a verifier asks for all of this."""
    now, ca = datetime.now(UTC), name == issuer
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    if ca:
        usage = dict.fromkeys(_USES, False) | {"key_cert_sign": True}
        made = made.add_extension(x509.KeyUsage(**usage), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        made = made.add_extension(own, critical=False)
    else:
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return made.sign(signer, SHA256())


def metadata_files(folder: Path, maker: Maker, reports: list[dict[str, Any]]) -> dict[str, str]:
    """The settings of a house with such a BLOB."""
    service = MetadataService()
    return settings_of(folder, service.signed(metadata_of(maker, reports)), service.root)


def settings_of(folder: Path, blob: bytes, root: bytes) -> dict[str, str]:
    (folder / "blob.jwt").write_bytes(blob)
    (folder / "root.pem").write_bytes(root)
    return {
        "PORTERO_PASSKEY_ATTESTATION": "direct",
        "PORTERO_PASSKEY_METADATA_FILE": str(folder / "blob.jwt"),
        "PORTERO_PASSKEY_METADATA_ROOT": str(folder / "root.pem"),
    }


def metadata_of(maker: Maker, reports: list[dict[str, Any]]) -> bytes:
    """What a BLOB with one entry says."""
    digits = maker.aaguid.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    root = base64.b64encode(maker.root.public_bytes(Encoding.DER)).decode()
    entry = {
        "aaguid": "-".join(parts),
        "metadataStatement": {"attestationRootCertificates": [root]},
        "statusReports": reports,
    }
    return json.dumps({"no": 1, "entries": [entry, {"aaid": "1234#5678"}]}).encode()


def _certificate(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    aaguid: bytes = b"",
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if aaguid:
        content = b"\x04\x10" + aaguid  # an OCTET STRING
        extension = x509.UnrecognizedExtension(_AAGUID_EXTENSION, content)
        made = made.add_extension(extension, critical=False)
    return made.sign(signer, SHA256())


def _name(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "PT"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Maker"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
