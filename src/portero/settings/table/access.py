"""Who may come in."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portero.protocol.oauth.profiles import FAPI2_PROFILES, Profile
from portero.settings import choices, parsing
from portero.settings.rows import Derived, Earlier, setting
from portero.settings.table.storage import StorageSettings


def _issuer(earlier: Earlier) -> str:
    host = str(earlier["host"])
    if not parsing.is_loopback(host):
        return ""
    scheme = "https" if earlier["tls_cert"] else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{earlier['port']}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AccessSettings(StorageSettings):
    profile: Profile = setting(
        "PORTERO_PROFILE",
        parsing.profile,
        "",
        "What holds for every client: fapi2, fapi2_message_signing, or (never in production) "
        "certification. Empty: what each registered.",
    )
    registration: Literal["open", "invite", "closed"] = setting(
        "PORTERO_REGISTRATION",
        choices.registration,
        "open",
        "Who may register: open (anyone), invite (with an invitation) or closed.",
    )
    password_api: bool = setting(
        "PORTERO_PASSWORD_API",
        parsing.on_off,
        Derived(
            "on; off with a FAPI profile",
            lambda e: "off" if e["profile"] in FAPI2_PROFILES else "on",
        ),
        "Whether POST /login takes a name and password; off leaves the pages and protocols.",
    )
    deletion_days: int = setting(
        "PORTERO_DELETION_DAYS",
        parsing.integer(0, 365),
        "14",
        "Days in which a person who deletes their account on its page can still keep it; 0: none.",
    )
    require_verified_email: bool = setting(
        "PORTERO_REQUIRE_VERIFIED_EMAIL",
        parsing.on_off,
        "off",
        "Whether an account must prove its mail address before it can sign in.",
    )

    mail_sign_in: bool = setting(
        "PORTERO_MAIL_SIGN_IN",
        parsing.on_off,
        "off",
        "Whether people may sign in with a link or code that is mailed to their confirmed address, "
        "in place of the password; what else they owe stays owed.",
    )
    second_factor: Literal["off", "optional", "required"] = setting(
        "PORTERO_SECOND_FACTOR",
        choices.second_factor,
        "optional",
        "Who proves a second factor: nobody (off), whoever has enrolled one (optional), everybody "
        "(required: who has none enrols one at the next sign-in).",
    )
    second_factor_grace_days: int = setting(
        "PORTERO_SECOND_FACTOR_GRACE_DAYS",
        parsing.integer(0, 365),
        "0",
        "Days in which somebody who has to enrol a second factor may put it off, from when they "
        "were first told to; 0: none.",
    )
    second_factor_clients: tuple[str, ...] = setting(
        "PORTERO_SECOND_FACTOR_CLIENTS",
        parsing.client_ids,
        "",
        "Ids of clients that nobody signs in for without a second factor, whatever they registered "
        "(comma separated); portero is the JSON API.",
    )
    second_factors: tuple[str, ...] = setting(
        "PORTERO_SECOND_FACTORS",
        parsing.some_of("passkey", "push", "totp", "sms", "email", "recovery_code"),
        "passkey,push,totp,sms,email,recovery_code",
        "Kinds of second factors that may be enrolled and proven (comma separated).",
    )
    certificate_sign_in: Literal["off", "email", "upn", "subject_cn"] = setting(
        "PORTERO_CERTIFICATE_SIGN_IN",
        choices.certificate_sign_in,
        "off",
        "Where in a person's verified client certificate the username or mail address stands, to "
        "sign in with it: email, upn or subject_cn; or off.",
    )
    certificate_level: Literal["aal1", "aal2", "phr"] = setting(
        "PORTERO_CERTIFICATE_LEVEL",
        choices.certificate_level,
        "aal1",
        "The level that such a certificate proves: aal1 (a file), aal2 or phr (a card with a PIN).",
    )
    client_registration: Literal["off", "token", "open"] = setting(
        "PORTERO_CLIENT_REGISTRATION",
        choices.client_registration,
        Derived(
            "off; open with the profile certification",
            lambda e: "open" if e["profile"] is Profile.CERTIFICATION else "off",
        ),
        "Who may register OAuth clients (RFC 7591): off, token (with one of `portero clients "
        "invite`) or open (anyone).",
    )
    client_registration_scopes: tuple[str, ...] = setting(
        "PORTERO_CLIENT_REGISTRATION_SCOPES",
        parsing.scopes,
        "openid,profile,email,address,phone,offline_access",
        "Scopes that clients which no operator made may ask for.",
    )
    software_statement_issuers: tuple[str, ...] = setting(
        "PORTERO_SOFTWARE_STATEMENT_ISSUERS",
        parsing.key_files,
        "",
        "Whose software statements are believed: issuer=file of its JWK set (comma separated).",
    )
    assertion_issuers: tuple[str, ...] = setting(
        "PORTERO_ASSERTION_ISSUERS",
        parsing.key_files,
        "",
        "Who may name an account in a JWT bearer grant: issuer=file of its JWK set"
        " (comma separated).",
    )
    client_id_documents: bool = setting(
        "PORTERO_CLIENT_ID_DOCUMENTS",
        parsing.on_off,
        "off",
        "Whether a client may be a Client ID Metadata Document: its id is the document's URL.",
    )

    limits: tuple[str, ...] = setting(
        "PORTERO_LIMITS",
        parsing.limits,
        "",
        "Limits that differ from the defaults, as name=tries/seconds (comma separated).",
    )
    limits_ipv4: tuple[int, int] = setting(
        "PORTERO_LIMITS_IPV4",
        parsing.prefixes(32),
        "32/24",
        "How many bits of an IPv4 address limits count as one address, and as one network.",
    )
    limits_ipv6: tuple[int, int] = setting(
        "PORTERO_LIMITS_IPV6", parsing.prefixes(128), "64/48", "The same for IPv6."
    )
