"""What is made of the settings alone: pools, policies, the mailer, what a Host may say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portero.core.clients import RemoteKeys
from portero.core.clients.remote_keys import UNKNOWN_KEY_SECONDS
from portero.core.factors.password import CharacterClass, PasswordPolicy
from portero.core.keys.rules import KeySchedule
from portero.core.outbox import Deliverer, OutboxWorkers
from portero.core.provider.client_signer import EncryptTo
from portero.core.provider.register import Registrants, RegistrationMode
from portero.kit.ports import Clock, Meter, NoMeter
from portero.outside.breach import BreachRange
from portero.outside.hashing import Argon2Params, HashPool
from portero.outside.http_fetch import HttpFetch
from portero.outside.places import PlaceFile
from portero.protocol.oauth.client_keys import checked_jwks
from portero.protocol.oauth.metadata_policy import (
    JWE_ALGS,
    JWE_ENCS,
    AuthMethod,
    GrantType,
    MetadataPolicy,
)
from portero.protocol.oauth.profiles import Profile
from portero.settings import Settings, SettingsError
from portero.settings.rules import hash_threads
from portero.web.certificates import CertificateSource
from portero.web.rooms import PlaceOf


class Waker:
    """Ties the knot between the outbox (below) and its worker (made last)."""

    def __init__(self) -> None:
        self.worker: OutboxWorkers | None = None

    def __call__(self) -> None:
        if self.worker is not None:
            self.worker.wake()


def allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """What a Host header may say. In development every name of this machine is the same place."""
    local = ("localhost", "127.0.0.1", "[::1]") if settings.development else ()
    named = tuple(f"{name}:{settings.port}" for name in local)
    mtls = (settings.mtls_url,) if settings.mtls_url else ()
    return (settings.issuer, *mtls, *settings.allowed_hosts, *named)


def certificates(settings: Settings) -> CertificateSource:
    return CertificateSource(
        header=settings.client_certificate_header,
        verified_header=settings.client_verified_header,
        proxies=settings.trusted_proxies,
    )


def never_alone(settings: Settings) -> bool:
    """Whether nobody gets in with a password alone. In a grace it may be all that there is."""
    return settings.second_factor == "required" and settings.second_factor_grace_days == 0


def metadata_policy(settings: Settings) -> MetadataPolicy:
    """Nobody registers what no request could ever meet: a method, a grant, an algorithm."""
    absent = {AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}
    absent -= {AuthMethod(name) for name in certificates(settings).auth_methods}
    grants = set(GrantType)
    if not offers_ciba(settings):
        grants -= {GrantType.CIBA}
    if not settings.assertion_issuers:
        grants -= {GrantType.JWT_BEARER}
    return MetadataPolicy(
        unsigned_request_objects=settings.profile is Profile.CERTIFICATION,
        auth_methods=frozenset(AuthMethod) - absent,
        grant_types=frozenset(grants),
        signing_algs=frozenset(settings.signing_algs),
        encryption_algs=JWE_ALGS if encryption() else frozenset(),
        encryption_encs=JWE_ENCS if encryption() else frozenset(),
        local=settings.development,
        profile=settings.profile.value,
        second_factor=settings.second_factor != "off",
        second_factor_clients=frozenset(settings.second_factor_clients),
    )


def offers_ciba(settings: Settings) -> bool:
    """Its requests are not signed here, so not where each one has to be."""
    return settings.profile is not Profile.FAPI2_MESSAGE_SIGNING


def encryption() -> EncryptTo | None:
    """With the extra `jwe` only."""
    if find_spec("joserfc") is None:
        return None
    from portero.outside.encryption import encrypt_to

    return encrypt_to


def places_of(settings: Settings) -> PlaceOf:
    """Without a file nobody is anywhere."""
    places = place_file_of(settings)
    return (lambda address, tag: "") if places is None else places.place_of


def place_file_of(settings: Settings) -> PlaceFile | None:
    path = settings.geoip_file
    if path is None:
        return None
    key = "PORTERO_GEOIP_FILE"
    if find_spec("maxminddb") is None:
        raise SettingsError(key, f'{key} needs the extra geoip: pip install "portero[geoip]".')
    try:
        return PlaceFile(path)
    except (OSError, ValueError) as error:
        raise SettingsError(key, f"{key}: {path} can't be read: {error}.") from error


def key_schedule(settings: Settings, *, longest_token: timedelta) -> KeySchedule:
    return KeySchedule(
        rotate_after=timedelta(days=settings.key_rotate_days),
        publish_ahead=timedelta(seconds=settings.key_publish_ahead_seconds),
        longest_token=longest_token,
    )


def remote_keys_of(settings: Settings, clock: Clock) -> RemoteKeys:
    """In a certification plan a client signs with a new key as soon as it has published it."""
    relaxed = settings.profile is Profile.CERTIFICATION
    return RemoteKeys(
        HttpFetch(allow_loopback=settings.development),
        clock,
        unknown_key_seconds=0.0 if relaxed else UNKNOWN_KEY_SECONDS,
    )


def registrants_of(settings: Settings) -> Registrants:
    return Registrants(
        mode=RegistrationMode(settings.client_registration),
        scopes=settings.client_registration_scopes,
        policy=metadata_policy(settings),
        statements=trusted_keys(
            "PORTERO_SOFTWARE_STATEMENT_ISSUERS", settings.software_statement_issuers
        ),
    )


def trusted_keys(key: str, parts: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The JWK sets by issuer, of `issuer=file` in the setting `key`."""
    return dict(_trusted_keys(key, part) for part in parts)


def _trusted_keys(key: str, part: str) -> tuple[str, Mapping[str, Any]]:
    """The issuer and the JWK set of `issuer=file`; a file that holds none stops the start."""
    issuer, _, path = part.partition("=")
    try:
        return issuer, checked_jwks(json.loads(Path(path).read_text("utf-8")))
    except (OSError, ValueError) as error:  # `Unacceptable` is a ValueError
        raise SettingsError(key, f"{key}: {path} can't be read as a JWK set: {error}.") from error


def hasher_of(settings: Settings) -> HashPool:
    return HashPool(
        params=Argon2Params(
            time_cost=settings.argon2_time_cost,
            memory_kib=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        ),
        pepper=settings.password_pepper if settings.password_pepper else None,
        pepper_fallbacks=settings.password_pepper_fallbacks,
        memory_mib_cap=settings.hash_memory_mib,
        queue=settings.hash_queue,
        threads=hash_threads(
            threads=settings.threads,
            memory_mib=settings.hash_memory_mib,
            argon2_memory_kib=settings.argon2_memory_kib,
        ),
    )


def password_policy(settings: Settings) -> PasswordPolicy:
    where = urlsplit(settings.issuer).hostname or ""
    return PasswordPolicy(
        min_length=settings.password_min_length,
        min_score=settings.password_min_score,
        product_words=(settings.product_name, where, *settings.password_words),
        composition=frozenset(CharacterClass(name) for name in settings.password_composition),
        max_age_days=settings.password_max_age_days,
        history=settings.password_history,
    )


def breach(settings: Settings, meter: Meter) -> BreachRange | None:
    if not settings.password_breach_url:
        return None
    # The operator named this host; a mirror on the same machine is theirs to choose.
    host = urlsplit(settings.password_breach_url).hostname or ""
    fetch = HttpFetch(allowed_hosts=(host,))
    return BreachRange(fetch, settings.password_breach_url, on_failure=meter.breach_failure)


def meter_of(settings: Settings) -> Meter:
    if not settings.metrics_port:
        return NoMeter()
    from portero.outside.metrics import PrometheusMeter

    return PrometheusMeter()


def mailer(settings: Settings) -> Deliverer:
    """Imports Jinja's templates and smtplib when the first mail is sent, not at the start."""
    made: list[Deliverer] = []

    def deliver(payload: Mapping[str, object]) -> None:
        if not made:
            made.append(_make_mailer(settings))
        made[0](payload)

    return deliver


def mail_folder(settings: Settings) -> Path | None:
    """Where mails are written, because no server is set to send them."""
    return None if settings.smtp_host else settings.data_dir / "mail"


def _make_mailer(settings: Settings) -> Deliverer:
    from portero.outside.mail import FileSender, MailDelivery, MailRenderer, SmtpSender

    renderer = MailRenderer(
        brand=settings.branding.site,
        mail_from=settings.mail_from,
        message_id_host=urlsplit(settings.issuer).hostname or "localhost",
    )
    folder = mail_folder(settings)
    if folder is not None:
        return MailDelivery(renderer, FileSender(folder))
    sender = SmtpSender(
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password if settings.smtp_password else None,
        tls=settings.smtp_tls,
    )
    return MailDelivery(renderer, sender)
