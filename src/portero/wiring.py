"""Joins the rooms by hand, on one page: who is given what. No container, no global, no effect.

`join` opens no connection and starts no thread, so that it may run before a fork; `Background`
and the first request do that, in each worker.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from portero.core.accounts.email import EMAIL_CLAIMED, EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.admin.accounts import AccountAdmin
from portero.core.audit import AuditBuffer, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import ClientCache, ClientDocuments, ClientKeys, Clients, RemoteKeys
from portero.core.factors.password import CharacterClass, PasswordPolicy, Passwords
from portero.core.keys.flows import Keys
from portero.core.keys.ring import KeyRing
from portero.core.keys.rules import KeySchedule
from portero.core.limits import LimitPolicy, Limits
from portero.core.login.dispatcher import Dispatcher
from portero.core.login.model import Registration, SignInPolicy
from portero.core.login.password_change import PasswordChange
from portero.core.login.recovery import RECOVERY_ASKED, Recovery
from portero.core.login.rules import POLICIES
from portero.core.login.sign_in import SignIn
from portero.core.login.sign_up import SignUp
from portero.core.notices import NOTICE, Notices
from portero.core.outbox import Deliverer, Outbox, OutboxDesk, OutboxWorker
from portero.core.provider.authorize import Authorize
from portero.core.provider.authorize.reading import RequestReader
from portero.core.provider.checking import TokenCheck
from portero.core.provider.client_auth import CLIENT_AUTH_BY_ADDRESS, ClientAuth
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.connections import Connections
from portero.core.provider.grants.authorization_code import AuthorizationCodeGrant
from portero.core.provider.grants.client_credentials import ClientCredentialsGrant
from portero.core.provider.grants.refresh_token import RefreshTokenGrant
from portero.core.provider.grants.session import FirstParty, SessionGrant
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.id_tokens import IdTokens
from portero.core.provider.introspect import Introspection
from portero.core.provider.issuing import Issuing
from portero.core.provider.liveness import Liveness
from portero.core.provider.model import TokenLifetimes
from portero.core.provider.par import PUSHED_BY_ADDRESS, PushedRequests
from portero.core.provider.possession import Possession
from portero.core.provider.register import (
    CLIENT_MANAGEMENT_BY_ADDRESS,
    CLIENT_REGISTRATION_BY_ADDRESS,
    ClientInvitations,
    ClientRegistration,
    Registrants,
    RegistrationMode,
)
from portero.core.provider.resources import Resources
from portero.core.provider.revoke import Revocation
from portero.core.provider.rotation import RefreshRotation
from portero.core.provider.scopes import Scopes
from portero.core.provider.statuses import StatusList, StatusTimes
from portero.core.provider.subjects import Subjects
from portero.core.provider.token_endpoint import TokenEndpoint
from portero.core.provider.userinfo import UserInfo
from portero.core.sessions import Lifetimes, Sessions
from portero.kit.db import Database
from portero.kit.ports import Clock, Dice, Meter, NoMeter
from portero.kit.vault import Vault
from portero.outside.breach import BreachRange
from portero.outside.clock import SystemClock, SystemDice
from portero.outside.hashing import Argon2Params, HashPool
from portero.outside.http_fetch import HttpFetch
from portero.outside.signing import LocalKeyMaker
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.oauth.client_keys import checked_jwks
from portero.protocol.oauth.metadata_policy import AuthMethod, GrantType, MetadataPolicy
from portero.settings import Settings, SettingsError
from portero.settings.rules import hash_threads
from portero.web.browser_cookie import BrowserCookie
from portero.web.certificates import CertificateSource
from portero.web.health import Health
from portero.web.login.links import link_url
from portero.web.oidc.oauth import TOKEN_PATH
from portero.web.oidc.register import REGISTRATION_PATH
from portero.web.oidc.status_list import STATUS_LIST_PATH
from portero.web.oidc.userinfo import USERINFO_PATH
from portero.web.places import PAR_PATH
from portero.web.rooms import FaceSettings, Rooms

# A resource server may be a little late in noticing that a token has expired.
_TOKEN_SLACK: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class House:
    """Everything that a face, a command or a background thread may need."""

    settings: Settings
    db: Database
    clock: Clock
    audit: AuditLog
    feed: ChangeFeed
    keys: Keys
    ring: KeyRing
    clients: Clients
    buffer: AuditBuffer
    desk: OutboxDesk
    worker: OutboxWorker
    hasher: HashPool
    meter: Meter
    rooms: Rooms


def join(
    settings: Settings,
    *,
    clock: Clock | None = None,
    dice: Dice | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> House:
    """The house over one database. `clock`, `dice` and `pause` are for tests."""
    clock, dice = clock or SystemClock(), dice or SystemDice()
    db = Database(settings.database_url.reveal(), pool_size=settings.db_pool_size)
    vault = Vault((settings.secret_key, *settings.secret_key_fallbacks))
    longest_token = timedelta(seconds=settings.access_token_seconds) + _TOKEN_SLACK

    meter = _meter(settings)
    audit = AuditLog(db, dice, meter=meter)
    feed = ChangeFeed(db, clock, dice, memory=longest_token)
    waker = _Waker()
    outbox = Outbox(dice, vault, wake=waker)
    notices = Notices(outbox)
    limits = Limits(_settled_limits(settings))

    ring = KeyRing(db, vault)
    feed.subscribe(ChangeKind.KEYS_CHANGED, lambda subject, at: ring.reload())
    keys = Keys(
        db=db,
        clock=clock,
        vault=vault,
        maker=LocalKeyMaker(),
        feed=feed,
        audit=audit,
        schedule=KeySchedule(
            rotate_after=timedelta(days=settings.key_rotate_days),
            publish_ahead=timedelta(seconds=settings.key_publish_ahead_seconds),
            longest_token=longest_token,
        ),
    )

    make_link = link_url(settings.issuer)
    accounts = Accounts(
        db=db, clock=clock, dice=dice, audit=audit, outbox=outbox, attributes=settings.attributes
    )
    email = EmailProofs(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        outbox=outbox,
        notices=notices,
        link_url=make_link,
    )
    clients = Clients(
        db=db,
        clock=clock,
        dice=dice,
        vault=vault,
        audit=audit,
        feed=feed,
        policy=_metadata_policy(settings),
    )
    remote_keys = RemoteKeys(HttpFetch(allow_loopback=settings.development), clock)
    client_keys = ClientKeys(clients, remote_keys)
    sessions = Sessions(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        feed=feed,
        lifetimes=Lifetimes(settings.session_idle_seconds, settings.session_seconds),
    )
    hasher = _hasher(settings)
    passwords = Passwords(
        db=db,
        clock=clock,
        hasher=hasher,
        policy=_password_policy(settings),
        pause=pause,
        breach=_breach(settings, meter),
        # Half of the threads at most: the other half is for all who are signed in.
        most_at_once=settings.threads // 2,
    )

    sign_in = SignIn(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        accounts=accounts,
        email=email,
        passwords=passwords,
        dispatcher=Dispatcher(
            dice=dice,
            audit=audit,
            sessions=sessions,
            passwords=passwords,
            policy=SignInPolicy(require_verified_email=settings.require_verified_email),
        ),
    )
    sign_up = SignUp(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        accounts=accounts,
        passwords=passwords,
        notices=notices,
        link_url=make_link,
        registration=Registration(settings.registration),
        email_required=settings.require_verified_email,
    )
    recovery = Recovery(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        accounts=accounts,
        passwords=passwords,
        sessions=sessions,
        notices=notices,
        outbox=outbox,
        feed=feed,
        link_url=make_link,
    )
    password_change = PasswordChange(
        db=db,
        clock=clock,
        audit=audit,
        limits=limits,
        accounts=accounts,
        passwords=passwords,
        sessions=sessions,
        notices=notices,
    )
    account_admin = AccountAdmin(
        db=db,
        clock=clock,
        audit=audit,
        limits=limits,
        feed=feed,
        accounts=accounts,
        passwords=passwords,
        sessions=sessions,
    )

    statuses = StatusList(
        db=db,
        clock=clock,
        ring=ring,
        issuer=settings.issuer,
        uri=settings.issuer + STATUS_LIST_PATH,
        times=StatusTimes(settings.access_token_seconds, settings.status_list_seconds),
    )
    issuing = Issuing(
        ring=ring,
        dice=dice,
        vault=vault,
        issuer=settings.issuer,
        lifetimes=TokenLifetimes(
            access_seconds=settings.access_token_seconds,
            refresh_idle_seconds=settings.refresh_token_seconds,
            refresh_grace_seconds=settings.refresh_grace_seconds,
        ),
        statuses=statuses,
    )
    session_grant = SessionGrant(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        issuing=issuing,
        first_party=FirstParty(" ".join(settings.api_scopes), settings.api_audience),
    )
    refresh_grant = RefreshRotation(
        db=db, clock=clock, audit=audit, feed=feed, issuing=issuing, sessions=sessions
    )
    registrants = _registrants(settings)
    fetch = HttpFetch(allow_loopback=settings.development)
    client_cache = ClientCache(
        db=db,
        clock=clock,
        feed=feed,
        documents=ClientDocuments(
            fetch=fetch, clock=clock, policy=registrants.policy, scopes=registrants.scopes
        )
        if settings.client_id_documents
        else None,
    )
    tokens = TokenCheck(
        db=db,
        clock=clock,
        ring=ring,
        clients=client_cache,
        liveness=Liveness(feed, memory=longest_token),
        issuer=settings.issuer,
        audience=settings.api_audience,
    )

    subjects = Subjects(db=db, dice=dice)
    scopes = Scopes()
    resources = Resources(
        known=(settings.api_audience, *settings.resources),
        fallback=settings.issuer + USERINFO_PATH,
    )
    signer = ClientSigner(ring=ring, hmac_key_of=client_keys.hmac_key_of)
    id_tokens = IdTokens(
        signer=signer, issuer=settings.issuer, lifetime_seconds=settings.access_token_seconds
    )
    possession = Possession(db=db, clock=clock, vault=vault)
    client_auth = ClientAuth(
        db=db,
        clock=clock,
        audit=audit,
        limits=limits,
        clients=client_cache,
        keys=client_keys,
        issuer=settings.issuer,
        audiences=[base + TOKEN_PATH for base in (settings.issuer, settings.mtls_url) if base],
    )
    buffer = AuditBuffer(db, audit)
    reader = RequestReader(
        clock=clock,
        scopes=scopes,
        resources=resources,
        hints=IdTokenHints(ring=ring, clock=clock, issuer=settings.issuer),
        keys_of=client_keys.jwks_of,
        detail_types=settings.authorization_details,
        issuer=settings.issuer,
    )
    pushed = PushedRequests(
        db=db,
        clock=clock,
        dice=dice,
        limits=limits,
        client_auth=client_auth,
        validate=reader,
        binding_of=lambda call, client: possession.prove(
            call, client, urls=(settings.issuer + PAR_PATH,)
        ),
        keys_of=client_keys.jwks_of,
        issuer=settings.issuer,
    )
    authorize = Authorize(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        clients=client_cache,
        sessions=sessions,
        reader=reader,
        pushed=pushed,
        signer=signer,
        subjects=subjects,
        issuer=settings.issuer,
        reachable_levels=("aal1",),
    )
    code_grant = AuthorizationCodeGrant(
        db=db,
        clock=clock,
        audit=audit,
        feed=feed,
        issuing=issuing,
        id_tokens=id_tokens,
        resources=resources,
        subjects=subjects,
        offline_lifetime=timedelta(seconds=settings.offline_seconds),
    )
    token_endpoint = TokenEndpoint(
        client_auth=client_auth,
        possession=possession,
        urls=[base + TOKEN_PATH for base in (settings.issuer, settings.mtls_url) if base],
        grants={
            GrantType.CLIENT_CREDENTIALS: ClientCredentialsGrant(
                clock=clock, buffer=buffer, issuing=issuing, resources=resources
            ),
            GrantType.AUTHORIZATION_CODE: code_grant,
            GrantType.REFRESH_TOKEN: RefreshTokenGrant(
                clock=clock,
                rotation=refresh_grant,
                issuing=issuing,
                id_tokens=id_tokens,
                resources=resources,
                scopes=scopes,
                subjects=subjects,
            ),
        },
    )
    registration = ClientRegistration(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        clients=clients,
        fetch=fetch,
        registrants=registrants,
        issuer=settings.issuer,
        url=settings.issuer + REGISTRATION_PATH,
    )
    revocation = Revocation(
        db=db,
        clock=clock,
        audit=audit,
        feed=feed,
        client_auth=client_auth,
        tokens=tokens,
        statuses=statuses,
    )

    worker = OutboxWorker(
        db,
        clock,
        dice,
        vault,
        {
            NOTICE: _mailer(settings),
            EMAIL_CLAIMED: email.follow_claim,
            RECOVERY_ASKED: recovery.follow,
        },
    )
    waker.worker = worker
    rooms = Rooms(
        settings=FaceSettings(
            issuer=settings.issuer,
            product_name=settings.product_name,
            default_locale=settings.default_locale,
            password_api=settings.password_api,
            trusted_proxies=settings.trusted_proxies,
            allowed_hosts=_allowed_hosts(settings),
            development=settings.development,
            registration=Registration(settings.registration),
            certificates=_certificates(settings),
            mtls_url=settings.mtls_url,
        ),
        clock=clock,
        health=Health(
            {"database": db.ping, "signing_key": lambda: ring.signer(SigningAlg.ES256, clock.now())}
        ),
        accounts=accounts,
        email=email,
        sign_in=sign_in,
        sign_up=sign_up,
        recovery=recovery,
        password_change=password_change,
        account_admin=account_admin,
        sessions=sessions,
        session_grant=session_grant,
        refresh_grant=refresh_grant,
        tokens=tokens,
        keys=ring,
        token_endpoint=token_endpoint,
        introspection=Introspection(client_auth=client_auth, tokens=tokens),
        revocation=revocation,
        statuses=statuses,
        registration=registration,
        client_invitations=ClientInvitations(db=db, clock=clock, dice=dice, audit=audit),
        authorize=authorize,
        pushed=pushed,
        userinfo=UserInfo(
            db=db,
            clock=clock,
            clients=client_cache,
            scopes=scopes,
            subjects=subjects,
            signer=signer,
            issuer=settings.issuer,
        ),
        connections=Connections(db=db, clock=clock, audit=audit, feed=feed, clients=client_cache),
        scopes=scopes,
        detail_types=settings.authorization_details,
        browser_cookie=BrowserCookie(
            secure=settings.issuer.startswith("https:"), max_age_seconds=settings.session_seconds
        ),
        form_keys=vault.keys("form-token"),
        new_secret=dice.token,
    )
    return House(
        settings=settings,
        db=db,
        clock=clock,
        audit=audit,
        feed=feed,
        keys=keys,
        ring=ring,
        clients=clients,
        buffer=buffer,
        desk=OutboxDesk(db, vault),
        worker=worker,
        hasher=hasher,
        meter=meter,
        rooms=rooms,
    )


class _Waker:
    """Ties the knot between the outbox (below) and its worker (made last)."""

    def __init__(self) -> None:
        self.worker: OutboxWorker | None = None

    def __call__(self) -> None:
        if self.worker is not None:
            self.worker.wake()


def _allowed_hosts(settings: Settings) -> tuple[str, ...]:
    """What a Host header may say. In development every name of this machine is the same place."""
    local = ("localhost", "127.0.0.1", "[::1]") if settings.development else ()
    named = tuple(f"{name}:{settings.port}" for name in local)
    mtls = (settings.mtls_url,) if settings.mtls_url else ()
    return (settings.issuer, *mtls, *settings.allowed_hosts, *named)


def _certificates(settings: Settings) -> CertificateSource:
    return CertificateSource(
        header=settings.client_certificate_header,
        verified_header=settings.client_verified_header,
        proxies=settings.trusted_proxies,
    )


def _metadata_policy(settings: Settings) -> MetadataPolicy:
    """Nobody registers a method that no request could ever meet."""
    absent = {AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS}
    absent -= {AuthMethod(name) for name in _certificates(settings).auth_methods}
    offered = frozenset(AuthMethod) - absent
    return MetadataPolicy(auth_methods=offered, local=settings.development)


def _settled_limits(settings: Settings) -> dict[str, LimitPolicy]:
    clients = (
        PUSHED_BY_ADDRESS,
        CLIENT_AUTH_BY_ADDRESS,
        CLIENT_REGISTRATION_BY_ADDRESS,
        CLIENT_MANAGEMENT_BY_ADDRESS,
    )
    known = {policy.name for policy in (*POLICIES, *clients)}
    settled = {}
    for part in settings.limits:
        name, _, figures = part.partition("=")
        tries, _, seconds = figures.partition("/")
        if name not in known:
            sentence = f"PORTERO_LIMITS names {name}; known are {', '.join(sorted(known))}."
            raise SettingsError("PORTERO_LIMITS", sentence)
        settled[name] = LimitPolicy(name, int(tries), int(seconds))
    return settled


def _registrants(settings: Settings) -> Registrants:
    return Registrants(
        mode=RegistrationMode(settings.client_registration),
        scopes=settings.client_registration_scopes,
        policy=_metadata_policy(settings),
        statements=dict(_trusted_keys(part) for part in settings.software_statement_issuers),
    )


def _trusted_keys(part: str) -> tuple[str, Mapping[str, Any]]:
    """The issuer and the JWK set of `issuer=file`; a file that holds none stops the start."""
    issuer, _, path = part.partition("=")
    key = "PORTERO_SOFTWARE_STATEMENT_ISSUERS"
    try:
        return issuer, checked_jwks(json.loads(Path(path).read_text("utf-8")))
    except (OSError, ValueError) as error:  # `Unacceptable` is a ValueError
        raise SettingsError(key, f"{key}: {path} can't be read as a JWK set: {error}.") from error


def _hasher(settings: Settings) -> HashPool:
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


def _password_policy(settings: Settings) -> PasswordPolicy:
    return PasswordPolicy(
        min_length=settings.password_min_length,
        min_score=settings.password_min_score,
        product_words=(settings.product_name,),
        composition=frozenset(CharacterClass(name) for name in settings.password_composition),
        max_age_days=settings.password_max_age_days,
        history=settings.password_history,
    )


def _breach(settings: Settings, meter: Meter) -> BreachRange | None:
    if not settings.password_breach_url:
        return None
    # The operator named this host; a mirror on the same machine is theirs to choose.
    host = urlsplit(settings.password_breach_url).hostname or ""
    fetch = HttpFetch(allowed_hosts=(host,))
    return BreachRange(fetch, settings.password_breach_url, on_failure=meter.breach_failure)


def _meter(settings: Settings) -> Meter:
    if not settings.metrics_port:
        return NoMeter()
    from portero.outside.metrics import PrometheusMeter

    return PrometheusMeter()


def _mailer(settings: Settings) -> Deliverer:
    """Imports Jinja's templates and smtplib when the first mail is sent, not at the start."""
    made: list[Deliverer] = []

    def deliver(payload: Mapping[str, object]) -> None:
        if not made:
            made.append(_make_mailer(settings))
        made[0](payload)

    return deliver


def _make_mailer(settings: Settings) -> Deliverer:
    from portero.outside.mail import FileSender, MailDelivery, MailRenderer, SmtpSender

    renderer = MailRenderer(
        product_name=settings.product_name,
        mail_from=settings.mail_from,
        message_id_host=urlsplit(settings.issuer).hostname or "localhost",
    )
    if not settings.smtp_host:
        return MailDelivery(renderer, FileSender(settings.data_dir / "mail"))
    sender = SmtpSender(
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=settings.smtp_password if settings.smtp_password else None,
        tls=settings.smtp_tls,
    )
    return MailDelivery(renderer, sender)
