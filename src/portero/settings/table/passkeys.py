"""Passkeys."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from portero.protocol.oauth.profiles import Profile
from portero.settings import parsing, passkeys
from portero.settings.rows import Derived, Earlier, setting
from portero.settings.table.risk import RiskSettings


def _rp_id(earlier: Earlier) -> str:
    return urlsplit(str(earlier["issuer"])).hostname or ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PasskeysSettings(RiskSettings):
    passkey_sign_in: bool = setting(
        "PORTERO_PASSKEY_SIGN_IN",
        parsing.on_off,
        "on",
        "Whether a passkey alone signs in, without a password.",
    )
    passkey_offer_days: int = setting(
        "PORTERO_PASSKEY_OFFER_DAYS",
        parsing.integer(0, 3650),
        Derived(
            "90; 0 with the profile certification",
            lambda e: "0" if e["profile"] is Profile.CERTIFICATION else "90",
        ),
        "Whoever signs in with a password and has no passkey is offered one, and who declines is "
        "asked again after so many days; 0: never.",
    )
    passkey_rp_id: str = setting(
        "PORTERO_PASSKEY_RP_ID",
        passkeys.rp_id,
        Derived("host of PORTERO_ISSUER", _rp_id),
        "Domain that passkeys belong to: the issuer's host, or one above it. Another value makes "
        "every passkey worthless.",
    )
    passkey_origins: tuple[str, ...] = setting(
        "PORTERO_PASSKEY_ORIGINS",
        passkeys.origins,
        "",
        "Origins besides the issuer's at which passkeys may be used, told to browsers at "
        "/.well-known/webauthn (comma separated).",
    )
    passkey_counter: Literal["refuse", "note"] = setting(
        "PORTERO_PASSKEY_COUNTER",
        passkeys.counter,
        "refuse",
        "What to do when a security key's counter went back, as that of a copy does: refuse it, "
        "or note it in the audit log.",
    )
    passkey_attestation: Literal["none", "direct"] = setting(
        "PORTERO_PASSKEY_ATTESTATION",
        passkeys.attestation,
        "none",
        "Whether an authenticator must prove its make when it is enrolled (direct). Synced "
        "passkeys can't.",
    )
    passkey_allowed_aaguids: tuple[str, ...] = setting(
        "PORTERO_PASSKEY_ALLOWED_AAGUIDS",
        passkeys.aaguids,
        "",
        "Makes of authenticators that may be enrolled, by AAGUID (comma separated); empty: any.",
    )
    passkey_denied_aaguids: tuple[str, ...] = setting(
        "PORTERO_PASSKEY_DENIED_AAGUIDS",
        passkeys.aaguids,
        "",
        "Makes of authenticators that may not be enrolled, by AAGUID (comma separated).",
    )
    passkey_metadata_file: Path | None = setting(
        "PORTERO_PASSKEY_METADATA_FILE",
        parsing.paths_optional,
        "",
        "The FIDO Metadata BLOB (MDS3): attestations must chain to it, and broken makes are "
        "refused.",
    )
    passkey_metadata_root: Path | None = setting(
        "PORTERO_PASSKEY_METADATA_ROOT",
        parsing.paths_optional,
        "",
        "The root certificate (PEM) that the BLOB's signature must chain to: for FIDO's, that of "
        "GlobalSign Root CA - R3.",
    )
