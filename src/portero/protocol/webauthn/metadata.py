"""The FIDO Metadata (MDS3 BLOB): which makes of authenticators there are, what their attestations
chain to, and which of them turned out to be broken.

A BLOB is a JWS whose header holds the certificates of its signer (FIDO Metadata Service §3.1.7):
they chain to a root that the operator names, and are those of the service. A root such as FIDO's
signs for half of the web, so that the name counts as much as the chain.
"""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import (
    Certificate,
    DNSName,
    InvalidVersion,
    load_der_x509_certificate,
    load_pem_x509_certificates,
)
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

# Whose BLOB it is (FIDO Metadata Service §3.1.7).
SIGNER: Final = "mds.fidoalliance.org"
_MAX_CHAIN: Final = 5
# What broken bytes make the readers of JSON and certificates raise; the last is no ValueError.
_BROKEN_BYTES: Final = (
    LookupError,
    TypeError,
    AttributeError,
    ValueError,
    RecursionError,
    InvalidVersion,
)

# FIDO Metadata Service §3.1.4: an authenticator with one of these proves nothing.
_BROKEN: Final = frozenset(
    {
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
        "REVOKED",
    }
)


class NoMetadata(ValueError):
    """The text is no BLOB, or nobody's whom the operator trusts; says why."""


def verified_payload(unverified_blob: bytes, root_pem: bytes, now: datetime) -> bytes:
    """What the BLOB says, in JSON, once its signature and its certificates are checked; raises
    `NoMetadata`."""
    try:
        head, body, signature = unverified_blob.strip().split(b".")
        header = json.loads(_decoded(head))
        alg, named = header["alg"], header["x5c"]
        chain = [load_der_x509_certificate(base64.b64decode(each)) for each in named[:_MAX_CHAIN]]
        roots, raw = load_pem_x509_certificates(root_pem), _decoded(signature)
        signer = _verified_signer(chain, roots, now)
        _check_signature(alg, signer, raw, head + b"." + body)
        return _decoded(body)
    except VerificationError as error:
        raise NoMetadata(
            f"its certificate does not chain to that root, is not valid today, or is not {SIGNER}'s"
        ) from error
    except InvalidSignature as error:
        raise NoMetadata("its signature is not its signer's") from error
    except _BROKEN_BYTES as error:
        raise NoMetadata("it is no metadata BLOB (MDS3), or the root is no PEM") from error


def _verified_signer(
    chain: list[Certificate], roots: list[Certificate], now: datetime
) -> Certificate:
    """RFC 5280 §6, as browsers do it."""
    verifier = PolicyBuilder().store(Store(roots)).time(now).build_server_verifier(DNSName(SIGNER))
    return verifier.verify(chain[0], chain[1:])[0]


def _check_signature(alg: str, signer: Certificate, raw: bytes, signed: bytes) -> None:
    """The two algorithms of FIDO Metadata Service §3.1.7."""
    key = signer.public_key()
    if alg == "RS256" and isinstance(key, rsa.RSAPublicKey):
        key.verify(raw, signed, padding.PKCS1v15(), SHA256())
    elif alg == "ES256" and isinstance(key, ec.EllipticCurvePublicKey) and len(raw) == 64:
        halves = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
        key.verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))
    else:
        raise InvalidSignature


def _decoded(text: bytes) -> bytes:
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


@dataclass(frozen=True, slots=True)
class Metadata:
    """The roots of each sound make, in PEM, by its AAGUID."""

    roots: Mapping[str, tuple[bytes, ...]]

    def roots_of(self, aaguid: str) -> tuple[bytes, ...]:
        """Empty for a make that is unknown or broken."""
        return self.roots.get(aaguid, ())

    @classmethod
    def of(cls, payload: bytes) -> Metadata:
        """Read what a BLOB says; raises `NoMetadata`."""
        try:
            content = json.loads(payload)
            return cls(dict(_entry(each) for each in content["entries"] if each.get("aaguid")))
        except (IndexError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise NoMetadata("no metadata BLOB of the FIDO Alliance") from error


def _entry(entry: Mapping[str, Any]) -> tuple[str, tuple[bytes, ...]]:
    told = {report["status"] for report in entry.get("statusReports", ())}
    roots = () if told & _BROKEN else entry["metadataStatement"]["attestationRootCertificates"]
    return str(entry["aaguid"]), tuple(_pem("".join(root.split())) for root in roots)


def _pem(der: str) -> bytes:
    lines = "\n".join(textwrap.wrap(der, 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()
