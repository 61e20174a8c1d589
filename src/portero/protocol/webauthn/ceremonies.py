"""The two verifications of WebAuthn L3 §7: of a new credential, and of its use.

The library checks signatures and attestation statements; what it leaves out or makes optional is
checked here before it is asked: frames (`crossOrigin`, `topOrigin`), verification of the person,
backup flags that never change, the curve that belongs to an algorithm, and where a credential's id
ends. Whatever it raises is a refusal: bytes from outside never are an error of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from portero.protocol.webauthn.model import (
    Algorithm,
    Asserted,
    Attestation,
    CeremonyRefused,
    Party,
    Reason,
    Registered,
    UnverifiedAnswer,
)
from portero.protocol.webauthn.reading import check_client_data, decoded, encoded

_PRESENT, _VERIFIED, _ELIGIBLE, _BACKED_UP = 0x01, 0x04, 0x08, 0x10
_HEAD_BYTES: Final = 37  # hash of the RP ID, flags, counter
_ID_AT: Final = _HEAD_BYTES + 16 + 2  # after the AAGUID and the length of the id
_LEAST_RSA_BITS: Final = 2048  # NIST SP 800-131A
# kty and curve that each algorithm goes with (WebAuthn L3 §5.8.5).
_KEYS: Final = {Algorithm.ES256: (2, 1), Algorithm.EDDSA: (1, 6), Algorithm.RS256: (3, None)}


@dataclass(frozen=True, slots=True)
class _Head:
    flags: int
    sign_count: int

    @property
    def backup_eligible(self) -> bool:
        return bool(self.flags & _ELIGIBLE)

    @property
    def backed_up(self) -> bool:
        return bool(self.flags & _BACKED_UP)


def warm_up() -> None:
    """Import the library, which takes a quarter of a second, before a transaction is open."""
    import webauthn  # noqa: F401


def verify_registration(
    answer: UnverifiedAnswer, *, expected_challenge: str, party: Party, attestation: Attestation
) -> Registered:
    """WebAuthn L3 §7.1; that the id is nobody's yet is the caller's to see. Raises
    `CeremonyRefused`."""
    check_client_data(
        answer.client_data,
        expected_type="webauthn.create",
        expected_challenge=expected_challenge,
        expected_origins=party.origins,
    )
    statement = decoded(answer.response.get("attestationObject"))
    with _refusing(Reason.MALFORMED):
        from webauthn.helpers import parse_attestation_object

        auth_data = _auth_data_of(statement)
        parsed = parse_attestation_object(statement)
        made = parsed.auth_data.attested_credential_data
        if made is None or not made.credential_public_key:
            raise CeremonyRefused(Reason.MALFORMED, "no credential in it")
    head = _checked_head(auth_data, party)
    _check_id(auth_data, answer)
    _check_key(made.credential_public_key)
    if attestation.demanded and (parsed.fmt == "none" or not parsed.att_stmt.x5c):
        raise CeremonyRefused(Reason.ATTESTATION, f"{parsed.fmt} where one is demanded")
    with _refusing(Reason.ATTESTATION):
        from webauthn import verify_registration_response
        from webauthn.helpers.structs import AttestationFormat

        roots = list(attestation.roots)
        verified = verify_registration_response(
            credential=_as_read(answer, "attestationObject"),
            expected_challenge=decoded(expected_challenge),
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
            pem_root_certs_bytes_by_fmt=dict.fromkeys(AttestationFormat, roots) if roots else None,
        )
    return Registered(
        credential_id=answer.credential_id,
        public_key=encoded(verified.credential_public_key),
        sign_count=verified.sign_count,
        aaguid=verified.aaguid,
        backup_eligible=head.backup_eligible,
        backed_up=head.backed_up,
        transports=answer.transports,
    )


def unverified_aaguid(answer: UnverifiedAnswer) -> str:
    """The make of the authenticator that an attestation claims, to look up what it must chain to.
    Raises `CeremonyRefused`."""
    with _refusing(Reason.MALFORMED):
        from webauthn.helpers import aaguid_to_string

        content = _auth_data_of(decoded(answer.response.get("attestationObject")))
        return aaguid_to_string(content[_HEAD_BYTES : _HEAD_BYTES + 16])


def verify_assertion(
    answer: UnverifiedAnswer,
    *,
    expected_challenge: str,
    party: Party,
    public_key: str,
    backup_eligible: bool,
) -> Asserted:
    """WebAuthn L3 §7.2 for that credential; whose it is, and whether its counter went back, is the
    caller's to see. Raises `CeremonyRefused`."""
    check_client_data(
        answer.client_data,
        expected_type="webauthn.get",
        expected_challenge=expected_challenge,
        expected_origins=party.origins,
    )
    head = _checked_head(decoded(answer.response.get("authenticatorData")), party)
    if head.backup_eligible != backup_eligible:
        raise CeremonyRefused(Reason.BACKUP_FLAGS, "eligible for backup is said for ever")
    decoded(answer.response.get("signature"))
    with _refusing(Reason.SIGNATURE):
        from webauthn import verify_authentication_response

        verify_authentication_response(
            credential=_as_read(answer, "authenticatorData", "signature"),
            expected_challenge=decoded(expected_challenge),
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=decoded(public_key),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return Asserted(head.sign_count, head.backup_eligible, head.backed_up)


def _as_read(answer: UnverifiedAnswer, *members: str) -> dict[str, Any]:
    """What the library is given: the members that it needs, as they were read here."""
    read = {name: answer.response[name] for name in members}
    return {
        "id": answer.credential_id,
        "rawId": answer.credential_id,
        "type": "public-key",
        "response": {"clientDataJSON": encoded(answer.client_data), **read},
    }


@contextmanager
def _refusing(reason: Reason) -> Iterator[None]:
    try:
        yield
    except CeremonyRefused:
        raise
    except Exception as error:
        # The library's own refusals, and what it meets in bytes that it did not expect.
        raise CeremonyRefused(reason, repr(error)[:200]) from error


def _auth_data_of(statement: bytes) -> bytes:
    from webauthn.helpers import parse_cbor

    content = parse_cbor(statement)["authData"]
    if not isinstance(content, bytes):
        raise CeremonyRefused(Reason.MALFORMED, "authData is no bytes")
    return content


def _checked_head(auth_data: bytes, party: Party) -> _Head:
    if len(auth_data) < _HEAD_BYTES:
        raise CeremonyRefused(Reason.MALFORMED, "authenticator data is too short")
    if auth_data[:32] != hashlib.sha256(party.id.encode()).digest():
        raise CeremonyRefused(Reason.RP_ID)
    head = _Head(auth_data[32], int.from_bytes(auth_data[33:_HEAD_BYTES], "big"))
    if not head.flags & _PRESENT:
        raise CeremonyRefused(Reason.NOT_PRESENT)
    if not head.flags & _VERIFIED:
        raise CeremonyRefused(Reason.NOT_VERIFIED)
    if head.backed_up and not head.backup_eligible:
        raise CeremonyRefused(Reason.BACKUP_FLAGS, "backed up, and can't be")
    return head


def _check_id(auth_data: bytes, answer: UnverifiedAnswer) -> None:
    """The id that was attested is the one beside it, of the length that it says it has."""
    length = int.from_bytes(auth_data[_ID_AT - 2 : _ID_AT], "big")
    attested = auth_data[_ID_AT : _ID_AT + length]
    if len(attested) != length or encoded(attested) != answer.credential_id:
        raise CeremonyRefused(Reason.CREDENTIAL_ID)


def _check_key(cose: bytes) -> None:
    """An algorithm that was asked for, with a key of its kind."""
    with _refusing(Reason.ALGORITHM):
        from webauthn.helpers import (
            decode_credential_public_key,
            decoded_public_key_to_cryptography,
            parse_cbor,
        )

        told = parse_cbor(cose)
        kind, curve = _KEYS[Algorithm(told[3])]
        if told[1] != kind or (curve is not None and told[-1] != curve):
            raise CeremonyRefused(Reason.ALGORITHM, "a key of another kind")
        key = decoded_public_key_to_cryptography(decode_credential_public_key(cose))
        if kind == 3 and getattr(key, "key_size", 0) < _LEAST_RSA_BITS:
            raise CeremonyRefused(Reason.ALGORITHM, "too short an RSA key")
