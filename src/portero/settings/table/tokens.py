"""Tokens, sessions, signing keys."""

# a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from portero.settings import choices, parsing
from portero.settings.rows import DAY, Derived, setting
from portero.settings.table.passkeys import PasskeysSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TokensSettings(PasskeysSettings):
    api_scopes: tuple[str, ...] = setting(
        "PORTERO_API_SCOPES", parsing.scopes, "api", "Scope of the tokens that POST /login issues."
    )
    api_audience: str = setting(
        "PORTERO_API_AUDIENCE",
        parsing.audience,
        Derived("ISSUER/api", lambda e: f"{e['issuer']}/api"),
        "Audience of the tokens that POST /login issues; your own API must expect it.",
    )
    resources: tuple[str, ...] = setting(
        "PORTERO_RESOURCES",
        parsing.resources,
        "",
        "Further APIs that clients may ask tokens for (RFC 8707), by their URLs, comma separated.",
    )
    access_token_seconds: int = setting(
        "PORTERO_ACCESS_TOKEN_SECONDS",
        parsing.integer(30, DAY),
        "600",
        "How long an access token lives.",
    )
    status_list_seconds: int = setting(
        "PORTERO_STATUS_LIST_SECONDS",
        parsing.integer(2, 300),
        "10",
        "Within this time every API that uses the guard refuses an access token that was revoked.",
    )
    refresh_token_seconds: int = setting(
        "PORTERO_REFRESH_TOKEN_SECONDS",
        parsing.integer(60, 400 * DAY),
        str(30 * DAY),
        "How long a refresh token lives without being used.",
    )
    refresh_grace_seconds: int = setting(
        "PORTERO_REFRESH_GRACE_SECONDS",
        parsing.integer(0, 60),
        "10",
        "How long a rotated refresh token still gets the same successor (lost answers, two tabs).",
    )
    offline_seconds: int = setting(
        "PORTERO_OFFLINE_SECONDS",
        parsing.integer(60, 3650 * DAY),
        str(180 * DAY),
        "How long an application with offline_access may act at most, without a new sign-in.",
    )
    session_idle_seconds: int = setting(
        "PORTERO_SESSION_IDLE_SECONDS",
        parsing.integer(60, 400 * DAY),
        str(14 * DAY),
        "How long a session lives without being used.",
    )
    session_seconds: int = setting(
        "PORTERO_SESSION_SECONDS",
        parsing.integer(60, 400 * DAY),
        str(90 * DAY),
        "How long a session lives at most.",
    )
    keep_signed_in: Literal["ask", "always", "never"] = setting(
        "PORTERO_KEEP_SIGNED_IN",
        choices.keep_signed_in,
        "ask",
        "Whether people stay signed in when they close the browser: ask them, always, or never.",
    )
    brief_session_seconds: int = setting(
        "PORTERO_BRIEF_SESSION_SECONDS",
        parsing.integer(60, 400 * DAY),
        str(DAY // 2),
        "How long a session in a browser lives at most when the person does not stay signed in.",
    )
    trust_device_days: int = setting(
        "PORTERO_TRUST_DEVICE_DAYS",
        parsing.integer(0, 365),
        "30",
        "Days for which a person can trust a browser to be asked for no second factor; 0: never.",
    )
    signing_algs: tuple[str, ...] = setting(
        "PORTERO_SIGNING_ALGS",
        parsing.some_of("ES256", "RS256", "PS256", "EdDSA"),
        "ES256,RS256",
        "Algorithms to keep signing keys for. ES256 (access tokens) has to be among them.",
    )
    key_rotate_days: int = setting(
        "PORTERO_KEY_ROTATE_DAYS", parsing.integer(1, 3650), "90", "Days that a signing key signs."
    )
    key_publish_ahead_seconds: int = setting(
        "PORTERO_KEY_PUBLISH_AHEAD_SECONDS",
        parsing.integer(0, 90 * DAY),
        str(DAY),
        "How long a key is published before it signs; longer than anyone caches the key set.",
    )
