"""The words of the two ceremonies: who asks, what came back, what it proved, why it was refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any


class Algorithm(IntEnum):
    """COSE algorithms of a credential, the one to be had first first (RFC 9053, RFC 8812)."""

    ES256 = -7
    EDDSA = -8
    RS256 = -257


class Reason(StrEnum):
    """Why an answer was refused; for the log and for tests, never for whoever sent it."""

    MALFORMED = "malformed"
    UNKNOWN = "unknown_credential"
    WRONG_TYPE = "wrong_type"
    CHALLENGE = "challenge"
    ORIGIN = "origin"
    CROSS_ORIGIN = "cross_origin"
    RP_ID = "rp_id"
    NOT_PRESENT = "user_not_present"
    NOT_VERIFIED = "user_not_verified"
    BACKUP_FLAGS = "backup_flags"
    CREDENTIAL_ID = "credential_id"
    USER_HANDLE = "user_handle"
    ALGORITHM = "algorithm"
    ATTESTATION = "attestation"
    AAGUID = "aaguid"
    SIGNATURE = "signature"
    COUNTER = "counter_went_back"


class CeremonyRefused(Exception):
    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks. `id` is the RP ID: the issuer's host, or a domain above it. `origins` are where the
    ceremony may have taken place."""

    id: str
    name: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A credential that is kept, for lists in the options."""

    id: str
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attestation:
    """What is demanded of the authenticator's origin. Where nothing is demanded, a statement that
    comes all the same has to be good. `roots`: the certificates, in PEM, that one of its chain has
    to end at."""

    demanded: bool = False
    roots: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class UnverifiedAnswer:
    """What the browser sent, taken apart. Nothing of it is checked but its shape."""

    credential_id: str
    challenge: str
    client_data: bytes
    response: dict[str, Any]
    user_handle: str

    @property
    def transports(self) -> tuple[str, ...]:
        """How the browser can reach the authenticator; hints only."""
        told = self.response.get("transports")
        known = [each for each in told if each in TRANSPORTS] if isinstance(told, list) else []
        return tuple(dict.fromkeys(known))


TRANSPORTS = ("usb", "nfc", "ble", "smart-card", "hybrid", "internal")


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential. `public_key` is its COSE key, in base64url as its id is."""

    credential_id: str
    public_key: str
    sign_count: int
    aaguid: str
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asserted:
    """Somebody has the private key of the credential, and was verified by its authenticator."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool
