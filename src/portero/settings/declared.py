"""The one table of settings. A row is a field of `Settings`: its key, parser, default and meaning.

`portero settings`, the reference page, the loader and the type checker all read these rows, so a
setting can't exist for one of them and not for another.
"""

# Each field's "default" is a dataclasses.field(), made anew and shared by nobody.
# ruff: noqa: RUF009

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, cast
from urllib.parse import urlsplit

from portero.core.accounts.profile import AttributeRule
from portero.kit.secrets import MASK, Secret
from portero.protocol.oauth.detail_types import AuthorizationDetailType
from portero.protocol.oauth.profiles import FAPI2_PROFILES, Profile
from portero.protocol.oauth.scope_meanings import Scope
from portero.settings import parsing, rules
from portero.settings.rows import DAY, Declared, Derived, Earlier, Effective, setting


def _issuer(earlier: Earlier) -> str:
    host = str(earlier["host"])
    if not parsing.is_loopback(host):
        return ""
    scheme = "https" if earlier["tls_cert"] else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{earlier['port']}"


def _mail_from(earlier: Earlier) -> str:
    host = urlsplit(str(earlier["issuer"])).hostname or ""
    return f"no-reply@{'localhost' if parsing.is_loopback(host) else host}"


def _threads(earlier: Earlier) -> str:
    return str(min(512, 48 + 2 * len(os.sched_getaffinity(0))))


def _hash_queue(earlier: Earlier) -> str:
    running = rules.hash_threads(
        threads=earlier["threads"],
        memory_mib=earlier["hash_memory_mib"],
        argon2_memory_kib=earlier["argon2_memory_kib"],
    )
    return str(max(1, earlier["threads"] // 2 - running))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settings:
    """Every setting, typed. `database_url` is secret because it may hold a password.

    `notes` are sentences that the operator should read at the start. `development` is decided
    here and nowhere else: the issuer and every bound address are loopback, and no proxy is
    trusted.
    """

    # Where it runs
    data_dir: Path = setting(
        "PORTERO_DATA_DIR",
        parsing.path,
        "var",
        "Folder for the embedded database, the generated SECRET_KEY and mails in development.",
    )
    host: str = setting("PORTERO_HOST", parsing.bind_host, "127.0.0.1", "Address to listen on.")
    port: int = setting("PORTERO_PORT", parsing.integer(1, 65535), "8000", "Port to listen on.")
    workers: int = setting(
        "PORTERO_WORKERS", parsing.integer(1, 256), "1", "Number of server processes."
    )
    threads: int = setting(
        "PORTERO_THREADS",
        parsing.integer(4, 512),
        Derived("48 and 2 for each core", _threads),
        "Threads of each process for pages and the JSON API.",
    )
    tls_cert: Path | None = setting(
        "PORTERO_TLS_CERT",
        parsing.paths_optional,
        "",
        "Certificate chain (PEM) to serve TLS without a proxy; needs PORTERO_TLS_KEY.",
    )
    tls_key: Path | None = setting(
        "PORTERO_TLS_KEY", parsing.paths_optional, "", "Private key (PEM) of PORTERO_TLS_CERT."
    )
    issuer: str = setting(
        "PORTERO_ISSUER",
        parsing.issuer,
        Derived("http://HOST:PORT on loopback", _issuer),
        "Public URL of this deployment; with a path, all is below it. It is in every token: choose "
        "once, keep for ever.",
    )
    allowed_hosts: tuple[str, ...] = setting(
        "PORTERO_ALLOWED_HOSTS",
        parsing.hosts,
        "",
        "Host names to answer to besides the issuer's (comma separated).",
    )
    trusted_proxies: tuple[parsing.Network, ...] = setting(
        "PORTERO_TRUSTED_PROXIES",
        parsing.networks,
        "",
        "Networks (CIDR) of the proxies whose X-Forwarded headers are believed.",
    )
    client_certificate_header: str = setting(
        "PORTERO_CLIENT_CERTIFICATE_HEADER",
        parsing.header_name,
        "",
        "Header in which trusted proxies tell the client's certificate (RFC 9440, or PEM escaped).",
    )
    client_verified_header: str = setting(
        "PORTERO_CLIENT_VERIFIED_HEADER",
        parsing.header_name,
        "",
        "Header in which they say SUCCESS when its chain was verified; tls_client_auth needs it.",
    )
    mtls_url: str = setting(
        "PORTERO_MTLS_URL",
        parsing.issuer_optional,
        "",
        "Base URL at which proxies ask for client certificates, if not PORTERO_ISSUER.",
    )
    metrics_port: int = setting(
        "PORTERO_METRICS_PORT",
        parsing.integer(0, 65535),
        "0",
        "Loopback port of the Prometheus metrics; 0 is off.",
    )

    # Secrets and storage
    secret_key: Secret = setting(
        "SECRET_KEY",
        parsing.secret,
        "",
        "Root of all derived keys, 32 bytes or more, random. Generated on a loopback issuer.",
    )
    secret_key_fallbacks: tuple[Secret, ...] = setting(
        "SECRET_KEY_FALLBACKS",
        parsing.secrets,
        "",
        "Former values of SECRET_KEY (comma separated) that still open what they sealed.",
    )
    database_url: Secret = setting(
        "DATABASE_URL",
        parsing.database_url,
        Derived("sqlite:///DATA_DIR/portero.db", lambda e: f"sqlite:///{e['data_dir']}/portero.db"),
        "Database: sqlite:/// and a path, or postgresql://user:password@host/name.",
    )
    db_pool_size: int = setting(
        "PORTERO_DB_POOL_SIZE", parsing.integer(1, 500), "20", "Connections of each process."
    )

    # Who may come in
    profile: Profile = setting(
        "PORTERO_PROFILE",
        parsing.profile,
        "",
        "What holds for every client: fapi2, fapi2_message_signing, or (never in production) "
        "certification. Empty: what each registered.",
    )
    registration: Literal["open", "invite", "closed"] = setting(
        "PORTERO_REGISTRATION",
        parsing.registration,
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
    require_verified_email: bool = setting(
        "PORTERO_REQUIRE_VERIFIED_EMAIL",
        parsing.on_off,
        "off",
        "Whether an account must prove its mail address before it can sign in.",
    )

    client_registration: Literal["off", "token", "open"] = setting(
        "PORTERO_CLIENT_REGISTRATION",
        parsing.client_registration,
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

    # Tokens, sessions, signing keys
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

    # Passwords
    password_min_length: int = setting(
        "PORTERO_PASSWORD_MIN_LENGTH",
        parsing.integer(8, 128),
        "15",
        "Fewest code points of a password (NIST SP 800-63B-4 §3.1.1.2: 15 as the only factor).",
    )
    password_min_score: int = setting(
        "PORTERO_PASSWORD_MIN_SCORE", parsing.integer(0, 4), "2", "Lowest zxcvbn score, 0 to 4."
    )
    password_composition: tuple[str, ...] = setting(
        "PORTERO_PASSWORD_COMPOSITION",
        parsing.some_of("lower", "upper", "digit", "symbol"),
        "off",
        "Kinds of characters that a password must hold, or off (better: NIST SP 800-63B-4).",
    )
    password_max_age_days: int = setting(
        "PORTERO_PASSWORD_MAX_AGE_DAYS",
        parsing.integer(0, 3650),
        "0",
        "Days after which a password must be changed; 0 is never (better).",
    )
    password_history: int = setting(
        "PORTERO_PASSWORD_HISTORY",
        parsing.integer(0, 24),
        "0",
        "How many former passwords may not be taken again.",
    )
    password_pepper: Secret = setting(
        "PORTERO_PASSWORD_PEPPER",
        parsing.secret,
        "",
        "Key mixed into every password hash and kept outside the database; empty is off.",
    )
    password_pepper_fallbacks: tuple[Secret, ...] = setting(
        "PORTERO_PASSWORD_PEPPER_FALLBACKS",
        parsing.secrets,
        "",
        "Former peppers (comma separated) that still verify.",
    )
    password_breach_url: str = setting(
        "PORTERO_PASSWORD_BREACH_URL",
        parsing.service_url,
        "",
        "Range endpoint in the manner of Have I Been Pwned for breached passwords; empty is off.",
    )
    argon2_time_cost: int = setting(
        "PORTERO_ARGON2_TIME_COST", parsing.integer(1, 20), "2", "Argon2id passes."
    )
    argon2_memory_kib: int = setting(
        "PORTERO_ARGON2_MEMORY_KIB",
        parsing.integer(7168, 1_048_576),
        "19456",
        "Argon2id memory of one hash in KiB.",
    )
    argon2_parallelism: int = setting(
        "PORTERO_ARGON2_PARALLELISM", parsing.integer(1, 16), "1", "Argon2id lanes."
    )
    hash_memory_mib: int = setting(
        "PORTERO_HASH_MEMORY_MIB",
        parsing.integer(16, 65_536),
        "512",
        "Memory in MiB that all hashes of one process may use at a time.",
    )
    hash_queue: int = setting(
        "PORTERO_HASH_QUEUE",
        parsing.integer(1, 500),
        Derived("half of PORTERO_THREADS without the hashes that run", _hash_queue),
        "Hashes that may wait in one process; beyond it the answer is 503 with Retry-After.",
    )

    # Mail
    smtp_host: str = setting(
        "PORTERO_SMTP_HOST",
        parsing.text,
        "",
        "Mail server. Without one, mails are written to DATA_DIR/mail.",
    )
    smtp_port: int = setting(
        "PORTERO_SMTP_PORT", parsing.integer(1, 65535), "587", "Port of the mail server."
    )
    smtp_username: str = setting(
        "PORTERO_SMTP_USERNAME", parsing.text, "", "User name at the mail server."
    )
    smtp_password: Secret = setting(
        "PORTERO_SMTP_PASSWORD", parsing.secret, "", "Password at the mail server."
    )
    smtp_tls: Literal["starttls", "tls", "off"] = setting(
        "PORTERO_SMTP_TLS",
        parsing.smtp_tls,
        "starttls",
        "starttls, tls (from the first byte, port 465) or off (to a loopback address only).",
    )
    mail_from: str = setting(
        "PORTERO_MAIL_FROM",
        parsing.mailbox,
        Derived("no-reply@ISSUER_HOST", _mail_from),
        "Sender of mails.",
    )

    # Looks and logs
    product_name: str = setting(
        "PORTERO_PRODUCT_NAME", parsing.text, "Portero", "Name on pages and in mails."
    )
    default_locale: str = setting(
        "PORTERO_DEFAULT_LOCALE",
        parsing.locale,
        "en",
        "Language where neither the account nor the browser names one.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "PORTERO_LOG_LEVEL", parsing.log_level, "info", "debug, info, warning or error."
    )
    log_format: Literal["json", "console"] = setting(
        "PORTERO_LOG_FORMAT", parsing.log_format, "json", "json, or console for people."
    )

    attributes: Mapping[str, AttributeRule]
    authorization_details: Mapping[str, AuthorizationDetailType]
    scopes: Mapping[str, Scope]
    development: bool
    notes: tuple[str, ...]
    sources: Mapping[str, str]

    def effective(self) -> list[Effective]:
        """Every setting as it is in force, in the order of the table, safe to print."""
        shown = [
            Effective(row.key, _shown(row, getattr(self, row.field)), source, row.meaning)
            for row in DECLARED
            for source in [self.sources[row.field]]
        ]
        return [
            *shown,
            Effective(
                "[attributes]",
                ", ".join(self.attributes),
                "portero.toml" if self.attributes else "default",
                "Free attributes of accounts, declared in portero.toml only.",
            ),
            Effective(
                "[authorization_details]",
                ", ".join(self.authorization_details),
                "portero.toml" if self.authorization_details else "default",
                "What clients may ask for beyond scopes (RFC 9396), declared in portero.toml only.",
            ),
            Effective(
                "[scopes]",
                ", ".join(self.scopes),
                "portero.toml" if self.scopes else "default",
                "What the operator's scopes mean, declared in portero.toml only.",
            ),
        ]


def _shown(row: Declared, value: object) -> str:
    if row.field == "database_url":
        return parsing.masked_url(cast(Secret, value))
    match value:
        case bool():
            return "on" if value else "off"
        case None:
            return ""
        case Secret():
            return MASK if value else ""
        case tuple():
            return ",".join(MASK if isinstance(item, Secret) else str(item) for item in value)
    return str(value)


def _rows() -> tuple[Declared, ...]:
    secret = {parsing.secret, parsing.secrets}
    return tuple(
        Declared(
            field=row.name,
            key=row.metadata["key"],
            read=row.metadata["read"],
            default=row.metadata["default"],
            meaning=row.metadata["meaning"],
            secret=row.metadata["read"] in secret or row.name == "database_url",
        )
        for row in dataclasses.fields(Settings)
        if "key" in row.metadata
    )


DECLARED: Final = _rows()
BY_KEY: Final[Mapping[str, Declared]] = MappingProxyType({row.key: row for row in DECLARED})

# Where the TOML file is can't stand in the TOML file, so it is no row of the table.
CONFIG_KEY: Final = "PORTERO_CONFIG"
CONFIG_MEANING: Final = "Path of the TOML file (default: portero.toml in the working directory)."
