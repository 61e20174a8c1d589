"""The FIDO Metadata (MDS3 BLOB): which makes of authenticators there are, what their attestations
chain to, and which of them turned out to be broken.

The file is the operator's own, as a certificate or a key is: its signature is checked by whoever
puts it there (`docs/howto/passkeys.md`), not each time that it is read.
"""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

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
    """The text is no BLOB."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The roots of each sound make, in PEM, by its AAGUID."""

    roots: Mapping[str, tuple[bytes, ...]]

    def roots_of(self, aaguid: str) -> tuple[bytes, ...]:
        """Empty for a make that is unknown or broken."""
        return self.roots.get(aaguid, ())

    @classmethod
    def of(cls, blob: bytes) -> Metadata:
        """Read a BLOB; raises `NoMetadata`."""
        try:
            payload = blob.strip().split(b".")[1]
            content = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
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
