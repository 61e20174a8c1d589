"""Somebody who makes authenticators: a root, the certificate of a batch, and an entry in the FIDO
Metadata (WebAuthn L3 §8.2.1)."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.support.software_authenticator import SoftwareAuthenticator, b64

_AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


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


def metadata_blob(maker: Maker, reports: list[dict[str, Any]]) -> bytes:
    """A BLOB with one entry."""
    digits = maker.aaguid.hex()
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    root = base64.b64encode(maker.root.public_bytes(Encoding.DER)).decode()
    entry = {
        "aaguid": "-".join(parts),
        "metadataStatement": {"attestationRootCertificates": [root]},
        "statusReports": reports,
    }
    content = json.dumps({"no": 1, "entries": [entry, {"aaid": "1234#5678"}]}).encode()
    return f"e30.{b64(content)}.c2ln".encode()


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
