"""Which authenticators are good enough, and what a passkey proves."""

from __future__ import annotations

from portero.core.authenticators import Evidence
from portero.core.factors.passkey.model import Passkey, PasskeyPolicy
from portero.protocol.webauthn.metadata import Metadata
from portero.protocol.webauthn.model import Attestation, CeremonyRefused, Reason


def check_make(aaguid: str, policy: PasskeyPolicy) -> None:
    """Raise `CeremonyRefused` for a make that the operator does not want."""
    if aaguid in policy.denied or (policy.allowed and aaguid not in policy.allowed):
        raise CeremonyRefused(Reason.AAGUID, aaguid)


def demanded(aaguid: str, policy: PasskeyPolicy, metadata: Metadata | None) -> Attestation:
    """What its attestation must be. With the FIDO Metadata at hand, a make that it does not list,
    or lists as broken, is refused where attestation is demanded."""
    if not policy.attested or metadata is None:
        return Attestation(demanded=policy.attested)
    roots = metadata.roots_of(aaguid)
    if not roots:
        raise CeremonyRefused(Reason.AAGUID, f"{aaguid} is not in the metadata, or is broken")
    return Attestation(demanded=True, roots=roots)


def evidence(passkey: Passkey) -> Evidence:
    """Possession of a key that stays on its device (hwk) or is synced (swk), and a person whom the
    authenticator verified: two factors at once (SP 800-63B-4 §3.1.7; RFC 8176 §2)."""
    kind = "swk" if passkey.backup_eligible else "hwk"
    return Evidence(passkey.authenticator_id, amr=(kind, "user", "mfa"), acr="phr")
