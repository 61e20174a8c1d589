"""What settings must be to each other. Each rule is one sentence that the operator can act on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from portero.protocol.oauth.profiles import FAPI2_PROFILES, Profile
from portero.settings import challenges, passkeys, risk, second_factors, secret_key, texts
from portero.settings.errors import SettingsError
from portero.settings.parsing import is_loopback

Values = Mapping[str, Any]
_DAY: Final = 86_400  # seconds
# APIs keep the key set for 300 s (`web/oidc/jwks.py`, portero-guard); twice that, because one may
# have asked a cache that had just asked.
_LEAST_PUBLISH_AHEAD_SECONDS: Final = 600


def hash_threads(*, threads: int, memory_mib: int, argon2_memory_kib: int) -> int:
    """Hashes that run at once in one process: as many as there are cores, as the memory holds, and
    as leave half of the threads free with one more waiting."""
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, memory_mib * 1024 // argon2_memory_kib, threads // 2 - 1))


def check(values: Values) -> None:
    """Raise the first contradiction."""
    for part in (
        _addresses,
        _threads,
        _tls,
        _client_certificates,
        _profile,
        _lifetimes,
        second_factors.rules,
        _passwords,
        _mail,
        texts.rules,
        _looks,
        passkeys.rules,
        challenges.rules,
        risk.rules,
    ):
        for key, broken, sentence in part(values):
            if broken:
                raise SettingsError(key, sentence)


def is_development(values: Values) -> bool:
    """The issuer AND every bound address are loopback and no proxy is trusted. The metrics
    listener is on loopback always, so the public one is all there is to ask."""
    return (
        _issuer_is_loopback(values)
        and is_loopback(values["host"])
        and not values["trusted_proxies"]
    )


def advice(values: Values) -> Iterator[str]:
    """What is allowed, but seldom meant."""
    if values["profile"] is Profile.CERTIFICATION:
        yield (
            "PORTERO_PROFILE is certification, which is NOT FOR PRODUCTION: anybody registers "
            "clients, which need no PKCE and no signature, and whose addresses are fetched."
        )
    if not _issuer_is_loopback(values) and not values["trusted_proxies"] and not values["tls_cert"]:
        yield (
            "Neither PORTERO_TLS_CERT nor PORTERO_TRUSTED_PROXIES is set: behind a proxy, every "
            "caller seems to come from the proxy's address, and limits count them as one."
        )


Rule = tuple[str, bool, str]


def _issuer_is_loopback(values: Values) -> bool:
    return is_loopback(urlsplit(values["issuer"]).hostname or "")


def _addresses(v: Values) -> Iterator[Rule]:
    loopback = _issuer_is_loopback(v)
    yield (
        "PORTERO_ISSUER",
        v["issuer"].startswith("http:") and not loopback,
        "PORTERO_ISSUER must begin with https:// unless its host is a loopback address.",
    )
    yield (
        "PORTERO_HOST",
        loopback and not is_loopback(v["host"]),
        "PORTERO_HOST must be a loopback address while PORTERO_ISSUER is one: "
        "a development server is not for the network.",
    )
    yield (
        "PORTERO_METRICS_PORT",
        v["metrics_port"] == v["port"],
        "PORTERO_METRICS_PORT must differ from PORTERO_PORT: metrics have a listener of their own.",
    )


def _threads(v: Values) -> Iterator[Rule]:
    running = hash_threads(
        threads=v["threads"],
        memory_mib=v["hash_memory_mib"],
        argon2_memory_kib=v["argon2_memory_kib"],
    )
    yield (
        "PORTERO_HASH_QUEUE",
        v["hash_queue"] + running > v["threads"] // 2,
        f"PORTERO_HASH_QUEUE, and the {running} hashes that run at once, must be at most half of "
        "PORTERO_THREADS: a full login queue must leave threads to everything else.",
    )


def _tls(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_TLS_CERT",
        (v["tls_cert"] is None) != (v["tls_key"] is None),
        "PORTERO_TLS_CERT and PORTERO_TLS_KEY must be set together.",
    )
    for field in ("tls_cert", "tls_key"):
        key = f"PORTERO_{field.upper()}"
        yield (
            key,
            v[field] is not None and not v[field].is_file(),
            f"{key} names {v[field]}, which is no file.",
        )
    yield (
        "PORTERO_ISSUER",
        v["tls_cert"] is not None and v["issuer"].startswith("http:"),
        "PORTERO_ISSUER must begin with https:// when PORTERO_TLS_CERT is set.",
    )


def _client_certificates(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_CLIENT_CERTIFICATE_HEADER",
        bool(v["client_certificate_header"]) and not v["trusted_proxies"],
        "PORTERO_CLIENT_CERTIFICATE_HEADER needs PORTERO_TRUSTED_PROXIES: "
        "from anybody else the header is ignored.",
    )
    for field in ("client_verified_header", "mtls_url"):
        key = f"PORTERO_{field.upper()}"
        yield (
            key,
            bool(v[field]) and not v["client_certificate_header"],
            f"{key} needs PORTERO_CLIENT_CERTIFICATE_HEADER.",
        )
    yield (
        "PORTERO_CLIENT_VERIFIED_HEADER",
        bool(v["client_verified_header"])
        and v["client_verified_header"] == v["client_certificate_header"],
        "PORTERO_CLIENT_VERIFIED_HEADER and PORTERO_CLIENT_CERTIFICATE_HEADER must differ.",
    )
    yield (
        "PORTERO_CERTIFICATE_SIGN_IN",
        v["certificate_sign_in"] != "off" and not v["client_verified_header"],
        "PORTERO_CERTIFICATE_SIGN_IN needs PORTERO_CLIENT_VERIFIED_HEADER: whoever makes a "
        "certificate of their own writes any name into it.",
    )
    yield (
        "PORTERO_MTLS_URL",
        v["mtls_url"].startswith("http:"),
        "PORTERO_MTLS_URL must begin with https://: certificates are shown in TLS alone.",
    )
    yield (
        "PORTERO_MTLS_URL",
        bool(v["mtls_url"]) and urlsplit(v["mtls_url"]).path != urlsplit(v["issuer"]).path,
        "PORTERO_MTLS_URL must have the path of PORTERO_ISSUER, or none where it has none: all "
        "endpoints are below it.",
    )


def _profile(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_PASSWORD_API",
        v["profile"] in FAPI2_PROFILES and v["password_api"],
        "PORTERO_PASSWORD_API must be off with PORTERO_PROFILE "
        f"{v['profile']}: its tokens are bound to no key.",
    )
    certification = v["profile"] is Profile.CERTIFICATION
    yield (
        "PORTERO_CLIENT_REGISTRATION",
        certification and v["client_registration"] != "open",
        "PORTERO_CLIENT_REGISTRATION must be open with PORTERO_PROFILE certification: "
        "its plans register their own clients.",
    )
    yield (
        "PORTERO_SIGNING_ALGS",
        certification and "RS256" not in v["signing_algs"],
        "PORTERO_SIGNING_ALGS must hold RS256 with PORTERO_PROFILE certification: "
        "OpenID Connect wants it of every provider.",
    )


def _lifetimes(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_REFRESH_GRACE_SECONDS",
        v["refresh_grace_seconds"] > v["access_token_seconds"],
        "PORTERO_REFRESH_GRACE_SECONDS must not be longer than PORTERO_ACCESS_TOKEN_SECONDS.",
    )
    yield (
        "PORTERO_ACCESS_TOKEN_SECONDS",
        v["access_token_seconds"] > v["refresh_token_seconds"],
        "PORTERO_ACCESS_TOKEN_SECONDS must not be longer than PORTERO_REFRESH_TOKEN_SECONDS.",
    )
    yield (
        "PORTERO_ACCESS_TOKEN_SECONDS",
        v["access_token_seconds"] > v["session_seconds"],
        "PORTERO_ACCESS_TOKEN_SECONDS must not be longer than PORTERO_SESSION_SECONDS.",
    )
    yield (
        "PORTERO_SESSION_IDLE_SECONDS",
        v["session_idle_seconds"] > v["session_seconds"],
        "PORTERO_SESSION_IDLE_SECONDS must not be longer than PORTERO_SESSION_SECONDS.",
    )
    yield (
        "PORTERO_KEY_PUBLISH_AHEAD_SECONDS",
        v["key_publish_ahead_seconds"] >= v["key_rotate_days"] * _DAY,
        "PORTERO_KEY_PUBLISH_AHEAD_SECONDS must be shorter than PORTERO_KEY_ROTATE_DAYS.",
    )
    yield (
        "PORTERO_KEY_PUBLISH_AHEAD_SECONDS",
        v["key_publish_ahead_seconds"] < _LEAST_PUBLISH_AHEAD_SECONDS,
        f"PORTERO_KEY_PUBLISH_AHEAD_SECONDS must be {_LEAST_PUBLISH_AHEAD_SECONDS} or more: APIs "
        "keep the published keys that long, and refuse tokens of a key that they have not seen.",
    )
    yield (
        "PORTERO_SIGNING_ALGS",
        "ES256" not in v["signing_algs"],
        "PORTERO_SIGNING_ALGS must hold ES256: it signs access tokens.",
    )


def _passwords(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_HASH_MEMORY_MIB",
        v["argon2_memory_kib"] > v["hash_memory_mib"] * 1024,
        "PORTERO_HASH_MEMORY_MIB must have room for one hash of PORTERO_ARGON2_MEMORY_KIB.",
    )
    reason = secret_key.weakness(v["password_pepper"]) if v["password_pepper"] else None
    yield (
        "PORTERO_PASSWORD_PEPPER",
        reason is not None and not _issuer_is_loopback(v),
        f"PORTERO_PASSWORD_PEPPER {reason}: set 32 random bytes or more.",
    )
    for field in ("secret_key", "password_pepper"):
        key = "SECRET_KEY" if field == "secret_key" else "PORTERO_PASSWORD_PEPPER"
        former = {fallback.reveal() for fallback in v[f"{field}_fallbacks"]}
        yield (
            f"{key}_FALLBACKS",
            v[field].reveal() in former,
            f"{key}_FALLBACKS must hold former values only, not the present {key}.",
        )
    pepper = v["password_pepper"]
    yield (
        "PORTERO_PASSWORD_PEPPER",
        bool(pepper) and pepper.reveal() == v["secret_key"].reveal(),
        "PORTERO_PASSWORD_PEPPER must differ from SECRET_KEY: one leak would cost both.",
    )


def _mail(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_SMTP_PASSWORD",
        bool(v["smtp_username"]) != bool(v["smtp_password"]),
        "PORTERO_SMTP_USERNAME and PORTERO_SMTP_PASSWORD must be set together.",
    )
    yield (
        "PORTERO_SMTP_HOST",
        bool(v["smtp_username"]) and not v["smtp_host"],
        "PORTERO_SMTP_HOST must be set when PORTERO_SMTP_USERNAME is.",
    )
    yield (
        "PORTERO_SMTP_TLS",
        v["smtp_tls"] == "off" and bool(v["smtp_host"]) and not is_loopback(v["smtp_host"]),
        "PORTERO_SMTP_TLS may be off only while PORTERO_SMTP_HOST is a loopback address: "
        "mails carry links that sign people in.",
    )
    yield (
        "PORTERO_REQUIRE_VERIFIED_EMAIL",
        v["require_verified_email"] and not v["smtp_host"] and not _issuer_is_loopback(v),
        "PORTERO_REQUIRE_VERIFIED_EMAIL needs PORTERO_SMTP_HOST: without mail nobody can verify.",
    )


def _looks(v: Values) -> Iterator[Rule]:
    yield (
        "PORTERO_THEME_DIR",
        v["theme_dir"] is not None and not v["theme_dir"].is_dir(),
        f"PORTERO_THEME_DIR names {v['theme_dir']}, which is no folder.",
    )
    yield (
        "PORTERO_LOGO_DARK",
        v["logo_dark"] is not None and v["logo"] is None,
        "PORTERO_LOGO_DARK needs PORTERO_LOGO.",
    )
