"""Settings that make no sense stop the start, each with one sentence that names the key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from portero.settings import SettingsError, load, rules
from portero.web.oidc.jwks import MAX_AGE_SECONDS
from portero_guard.keys import KeyTimes

STRONG = "Zr4mQ8vL2xT7pK9wB3nH6yD1sF5gJ0cX"
PUBLIC = {"PORTERO_ISSUER": "https://id.example.org", "SECRET_KEY": STRONG}

CERTIFICATES = {
    "PORTERO_CLIENT_CERTIFICATE_HEADER": "Client-Cert",
    "PORTERO_TRUSTED_PROXIES": "10.0.0.0/8",
}


def refusal(environ: dict[str, str], cwd: Path) -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        load(environ, cwd=cwd)
    assert str(refused.value).endswith(".")
    return refused.value


def test_a_public_server_behind_a_proxy_starts(tmp_path: Path) -> None:
    """https issuer, strong key, a proxy that is trusted: no note, no development."""
    settings = load(
        PUBLIC | {"PORTERO_HOST": "0.0.0.0", "PORTERO_TRUSTED_PROXIES": "10.0.0.0/8"}, cwd=tmp_path
    )
    assert settings.notes == ()
    assert not settings.development
    assert settings.mail_from == "no-reply@id.example.org"


@pytest.mark.parametrize(
    "environ",
    [
        PUBLIC,
        {"PORTERO_TRUSTED_PROXIES": "127.0.0.1/32"},
    ],
)
def test_development_needs_all_three(tmp_path: Path, environ: dict[str, str]) -> None:
    """A public issuer, or a trusted proxy, ends development even on a loopback bind."""
    assert not load(environ, cwd=tmp_path).development


@pytest.mark.parametrize(
    ("host", "issuer"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
        ("[::1]", "http://[::1]:8000"),
        ("127.8.8.8", "http://127.8.8.8:8000"),
    ],
)
def test_the_issuer_follows_a_loopback_bind(tmp_path: Path, host: str, issuer: str) -> None:
    """All that is loopback is development, IPv6 in brackets."""
    settings = load({"PORTERO_HOST": host}, cwd=tmp_path)
    assert (settings.issuer, settings.development) == (issuer, True)


@pytest.mark.parametrize(
    ("environ", "key", "sentence"),
    [
        ({"PORTERO_HOST": "0.0.0.0"}, "PORTERO_ISSUER", "must be set"),
        (
            {"PORTERO_HOST": "0.0.0.0", "PORTERO_ISSUER": "http://localhost:8000"},
            "PORTERO_HOST",
            "must be a loopback address",
        ),
        ({"PORTERO_ISSUER": "http://id.example.org"}, "PORTERO_ISSUER", "https://"),
        (
            {"PORTERO_CLIENT_CERTIFICATE_HEADER": "Client-Cert"},
            "PORTERO_CLIENT_CERTIFICATE_HEADER",
            "needs PORTERO_TRUSTED_PROXIES",
        ),
        (
            {"PORTERO_CLIENT_CERTIFICATE_HEADER": "X_Client_Cert"},
            "PORTERO_CLIENT_CERTIFICATE_HEADER",
            "letters, digits and hyphens",
        ),
        (
            {"PORTERO_CLIENT_VERIFIED_HEADER": "X-Verified"},
            "PORTERO_CLIENT_VERIFIED_HEADER",
            "needs PORTERO_CLIENT_CERTIFICATE_HEADER",
        ),
        (
            CERTIFICATES | {"PORTERO_CLIENT_VERIFIED_HEADER": "client-cert"},
            "PORTERO_CLIENT_VERIFIED_HEADER",
            "must differ",
        ),
        (
            {"PORTERO_MTLS_URL": "https://mtls.example.org"},
            "PORTERO_MTLS_URL",
            "needs PORTERO_CLIENT_CERTIFICATE_HEADER",
        ),
        (
            CERTIFICATES | {"PORTERO_MTLS_URL": "http://mtls.example.org"},
            "PORTERO_MTLS_URL",
            "https://",
        ),
        (
            CERTIFICATES
            | {"PORTERO_ISSUER": "https://a.org/auth", "PORTERO_MTLS_URL": "https://mtls.a.org"},
            "PORTERO_MTLS_URL",
            "path of PORTERO_ISSUER",
        ),
        (
            CERTIFICATES | {"PORTERO_MTLS_URL": "https://mtls.example.org/auth"},
            "PORTERO_MTLS_URL",
            "path of PORTERO_ISSUER",
        ),
        ({"PORTERO_ISSUER": "http://127.0.0.1.example.org"}, "PORTERO_ISSUER", "https://"),
        ({"PORTERO_ISSUER": "http://localhost.example.org"}, "PORTERO_ISSUER", "https://"),
        ({"PORTERO_ISSUER": "https://a.org?x=1"}, "PORTERO_ISSUER", "without a query"),
        ({"PORTERO_ISSUER": "https://a.org?"}, "PORTERO_ISSUER", "without a query"),
        ({"PORTERO_ISSUER": "https://a.org#x"}, "PORTERO_ISSUER", "without a query"),
        ({"PORTERO_ISSUER": "https://a.org/"}, "PORTERO_ISSUER", "slash at its end"),
        ({"PORTERO_ISSUER": "https://u:p@a.org"}, "PORTERO_ISSUER", "user name"),
        ({"PORTERO_ISSUER": "https://A.org"}, "PORTERO_ISSUER", "lower-case"),
        ({"PORTERO_ISSUER": "https://a.org:443"}, "PORTERO_ISSUER", "unusual"),
        ({"PORTERO_ISSUER": "https://a.org/x/../y"}, "PORTERO_ISSUER", "plain path"),
        ({"PORTERO_ISSUER": "ftp://a.org"}, "PORTERO_ISSUER", "https://"),
        ({"PORTERO_ISSUER": "https://a.o\nrg"}, "PORTERO_ISSUER", "https://"),
        ({"PORTERO_METRICS_PORT": "8000"}, "PORTERO_METRICS_PORT", "must differ"),
        ({"PORTERO_PORT": "0"}, "PORTERO_PORT", "1 to 65535"),
        ({"PORTERO_PORT": "8_000"}, "PORTERO_PORT", "1 to 65535"),
        ({"PORTERO_PORT": "٨٠٠٠"}, "PORTERO_PORT", "1 to 65535"),
        ({"PORTERO_TRUSTED_PROXIES": "0.0.0.0/0"}, "PORTERO_TRUSTED_PROXIES", "your proxies'"),
        ({"PORTERO_TRUSTED_PROXIES": "::ffff:0:0/96"}, "PORTERO_TRUSTED_PROXIES", "your proxies'"),
        ({"PORTERO_LIMITS_IPV4": "24"}, "PORTERO_LIMITS_IPV4", "two numbers of bits up to 32"),
        ({"PORTERO_LIMITS_IPV4": "24/25"}, "PORTERO_LIMITS_IPV4", "the longer first"),
        ({"PORTERO_LIMITS_IPV6": "129/48"}, "PORTERO_LIMITS_IPV6", "two numbers of bits up to 128"),
        ({"PORTERO_LIMITS_IPV6": "64/0"}, "PORTERO_LIMITS_IPV6", "two numbers of bits"),
        ({"PORTERO_TRUSTED_PROXIES": "10.0.0.1/8"}, "PORTERO_TRUSTED_PROXIES", "networks"),
        ({"PORTERO_ALLOWED_HOSTS": "*"}, "PORTERO_ALLOWED_HOSTS", "host names"),
        ({"PORTERO_TLS_CERT": "/dev/null"}, "PORTERO_TLS_CERT", "set together"),
        (
            {"PORTERO_TLS_CERT": "nowhere", "PORTERO_TLS_KEY": "nowhere"},
            "PORTERO_TLS_CERT",
            "which is no file",
        ),
        ({"PORTERO_REGISTRATION": "maybe"}, "PORTERO_REGISTRATION", "open, invite or closed"),
        ({"PORTERO_PASSWORD_API": "maybe"}, "PORTERO_PASSWORD_API", "on or off"),
        ({"PORTERO_API_SCOPES": 'a"b'}, "PORTERO_API_SCOPES", "scope names"),
        (
            {"PORTERO_ACCESS_TOKEN_SECONDS": "30", "PORTERO_REFRESH_GRACE_SECONDS": "31"},
            "PORTERO_REFRESH_GRACE_SECONDS",
            "must not be longer",
        ),
        (
            {"PORTERO_REFRESH_TOKEN_SECONDS": "599"},
            "PORTERO_ACCESS_TOKEN_SECONDS",
            "PORTERO_REFRESH_TOKEN_SECONDS",
        ),
        (
            {"PORTERO_SESSION_SECONDS": "599", "PORTERO_SESSION_IDLE_SECONDS": "60"},
            "PORTERO_ACCESS_TOKEN_SECONDS",
            "PORTERO_SESSION_SECONDS",
        ),
        ({"PORTERO_SESSION_SECONDS": "86400"}, "PORTERO_SESSION_IDLE_SECONDS", "longer"),
        ({"PORTERO_KEY_ROTATE_DAYS": "1"}, "PORTERO_KEY_PUBLISH_AHEAD_SECONDS", "shorter"),
        ({"PORTERO_KEY_PUBLISH_AHEAD_SECONDS": "599"}, "PORTERO_KEY_PUBLISH_AHEAD_SECONDS", "600"),
        ({"PORTERO_THREADS": "48", "PORTERO_HASH_QUEUE": "24"}, "PORTERO_HASH_QUEUE", "half of"),
        ({"PORTERO_SIGNING_ALGS": "RS256"}, "PORTERO_SIGNING_ALGS", "ES256"),
        ({"PORTERO_SIGNING_ALGS": "ES256,HS256"}, "PORTERO_SIGNING_ALGS", "a list"),
        ({"PORTERO_HASH_MEMORY_MIB": "18"}, "PORTERO_HASH_MEMORY_MIB", "room for one hash"),
        ({"PORTERO_PASSWORD_MIN_LENGTH": "7"}, "PORTERO_PASSWORD_MIN_LENGTH", "8 to 128"),
        ({"PORTERO_PASSWORD_COMPOSITION": "emoji"}, "PORTERO_PASSWORD_COMPOSITION", "lower"),
        (
            {"PORTERO_PASSWORD_BREACH_URL": "http://api.example.org"},
            "PORTERO_PASSWORD_BREACH_URL",
            "https",
        ),
        ({"PORTERO_SMTP_USERNAME": "u"}, "PORTERO_SMTP_PASSWORD", "set together"),
        (
            {"PORTERO_SMTP_USERNAME": "u", "PORTERO_SMTP_PASSWORD": "p"},
            "PORTERO_SMTP_HOST",
            "must be set",
        ),
        (
            {"PORTERO_SMTP_HOST": "mail.example.org", "PORTERO_SMTP_TLS": "off"},
            "PORTERO_SMTP_TLS",
            "loopback",
        ),
        ({"PORTERO_MAIL_FROM": "a@b.org\r\nBcc: c@d.org"}, "PORTERO_MAIL_FROM", "one line"),
        ({"PORTERO_PRODUCT_NAME": "a\nb"}, "PORTERO_PRODUCT_NAME", "one line"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL", "postgresql://"),
        ({"DATABASE_URL": "postgres://x"}, "DATABASE_URL", "not postgres://"),
        ({"DATABASE_URL": "sqlite:///:memory:"}, "DATABASE_URL", "names an SQLite file"),
        ({"DATABASE_URL": "sqlite:///"}, "DATABASE_URL", "names an SQLite file"),
        ({"SECRET_KEY": STRONG, "SECRET_KEY_FALLBACKS": STRONG}, "SECRET_KEY_FALLBACKS", "former"),
        (
            {"SECRET_KEY": STRONG, "PORTERO_PASSWORD_PEPPER": STRONG},
            "PORTERO_PASSWORD_PEPPER",
            "must differ",
        ),
        (PUBLIC | {"PORTERO_PASSWORD_PEPPER": "x"}, "PORTERO_PASSWORD_PEPPER", "shorter than 32"),
        (
            PUBLIC | {"PORTERO_REQUIRE_VERIFIED_EMAIL": "on"},
            "PORTERO_REQUIRE_VERIFIED_EMAIL",
            "PORTERO_SMTP_HOST",
        ),
    ],
)
def test_a_contradiction_stops(
    tmp_path: Path, environ: dict[str, str], key: str, sentence: str
) -> None:
    """One sentence, about the key that has to change. (CVE-2026-73421, GHSA-8fpg-xm3f-6cx3.)"""
    refused = refusal(environ, tmp_path)
    assert refused.key == key
    assert sentence in str(refused)


def test_a_certificate_makes_the_default_issuer_https(tmp_path: Path) -> None:
    """TLS without a proxy, on loopback; an http issuer beside it contradicts."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("")
    environ = {"PORTERO_TLS_CERT": "cert.pem", "PORTERO_TLS_KEY": "key.pem"}
    assert load(environ, cwd=tmp_path).issuer == "https://127.0.0.1:8000"
    refused = refusal(environ | {"PORTERO_ISSUER": "http://127.0.0.1:8000"}, tmp_path)
    assert "must begin with https://" in str(refused)


def test_a_data_directory_that_is_a_file_stops(tmp_path: Path) -> None:
    """Root may write anywhere, so the test uses a place where nobody can."""
    (tmp_path / "var").write_text("")
    assert refusal({}, tmp_path).key == "PORTERO_DATA_DIR"


def test_a_public_server_without_proxy_or_certificate_is_warned(tmp_path: Path) -> None:
    """It starts, and says that limits would count all callers as one."""
    assert "PORTERO_TRUSTED_PROXIES" in load(PUBLIC, cwd=tmp_path).notes[0]


@pytest.mark.parametrize("cores", [1, 2, 32, 256])
@pytest.mark.parametrize("threads", ["", "4", "8", "512"])
def test_hashes_leave_half_of_the_threads_on_any_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int, threads: str
) -> None:
    """The defaults follow the cores and each other; no machine refuses to start for them."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    settings = load({"PORTERO_THREADS": threads} if threads else {}, cwd=tmp_path)
    running = rules.hash_threads(
        threads=settings.threads,
        memory_mib=settings.hash_memory_mib,
        argon2_memory_kib=settings.argon2_memory_kib,
    )
    assert 1 <= running <= cores
    assert settings.hash_queue >= 1
    assert running + settings.hash_queue <= settings.threads // 2


def test_a_key_is_published_longer_than_anybody_keeps_the_key_set(tmp_path: Path) -> None:
    """Also by an API that asked a cache, which had kept it as long as it may."""
    settings = load({"PORTERO_KEY_PUBLISH_AHEAD_SECONDS": "600"}, cwd=tmp_path)
    assert settings.key_publish_ahead_seconds >= MAX_AGE_SECONDS + KeyTimes().fresh_seconds


def test_a_fapi_server_has_no_password_api(tmp_path: Path) -> None:
    """FAPI 2.0 §5.3.2.1, item 4: off by itself, and a contradiction stops the start."""
    for profile in ("fapi2", "fapi2_message_signing"):
        chosen = PUBLIC | {"PORTERO_PROFILE": profile}
        assert not load(chosen, cwd=tmp_path).password_api
        refused = refusal(chosen | {"PORTERO_PASSWORD_API": "on"}, tmp_path)
        assert refused.key == "PORTERO_PASSWORD_API"
    assert load(PUBLIC, cwd=tmp_path).password_api
    assert refusal(PUBLIC | {"PORTERO_PROFILE": "fapi1"}, tmp_path).key == "PORTERO_PROFILE"


def test_certification_opens_registration_and_says_so(tmp_path: Path) -> None:
    """Never silently, never half: what contradicts it stops the start."""
    chosen = PUBLIC | {"PORTERO_PROFILE": "certification"}
    settings = load(chosen, cwd=tmp_path)
    assert settings.client_registration == "open"
    assert any("NOT FOR PRODUCTION" in note for note in settings.notes)
    for key, value in (
        ("PORTERO_CLIENT_REGISTRATION", "off"),
        ("PORTERO_CLIENT_REGISTRATION", "token"),
        ("PORTERO_SIGNING_ALGS", "ES256"),
    ):
        assert refusal(chosen | {key: value}, tmp_path).key == key
    usual = load(PUBLIC, cwd=tmp_path)
    assert usual.client_registration == "off"
    assert not any("PRODUCTION" in note for note in usual.notes)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"PORTERO_SMS_PROVIDER": "carrier"}, "PORTERO_SMS_PROVIDER"),
        ({"PORTERO_SMS_PROVIDER": "http"}, "PORTERO_SMS_COUNTRIES"),
        ({"PORTERO_SMS_PROVIDER": "http", "PORTERO_SMS_COUNTRIES": "DE"}, "PORTERO_SMS_URL"),
        ({"PORTERO_SMS_PROVIDER": "sns", "PORTERO_SMS_COUNTRIES": "all"}, "PORTERO_SMS_ACCOUNT"),
        ({"PORTERO_SMS_COUNTRIES": "Germany"}, "PORTERO_SMS_COUNTRIES"),
        ({"PORTERO_SMS_COUNTRIES": "DE,all"}, "PORTERO_SMS_COUNTRIES"),
        ({"PORTERO_SMS_HEADERS": '{"Authorization": "a\\nb"}'}, "PORTERO_SMS_HEADERS"),
        ({"PORTERO_SMS_HEADERS": "Authorization: x"}, "PORTERO_SMS_HEADERS"),
        ({"PORTERO_SMS_URL": "http://sms.example/"}, "PORTERO_SMS_URL"),
    ],
)
def test_half_a_provider_of_text_messages_stops_the_start(
    tmp_path: Path, given: dict[str, str], key: str
) -> None:
    """No message goes to a country that nobody chose, and none in clear."""
    assert refusal(PUBLIC | given, tmp_path).key == key
