"""Joins the rooms by hand, on one page: who is given what. No container, no global, no effect.

`join` opens no connection and starts no thread, so that it may run before a fork; `Background`
and the first request do that, in each worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from portero.core.accounts.email import EMAIL_CLAIMED, EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.admin.accounts import AccountAdmin
from portero.core.audit import AuditBuffer, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import ClientCache, Clients
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
from portero.core.provider.checking import TokenCheck
from portero.core.provider.client_auth import CLIENT_AUTH_BY_ADDRESS, ClientAuth
from portero.core.provider.grants.client_credentials import ClientCredentialsGrant
from portero.core.provider.grants.refresh_token import RefreshTokenGrant
from portero.core.provider.grants.session import FirstParty, SessionGrant
from portero.core.provider.introspect import Introspection
from portero.core.provider.issuing import Issuing
from portero.core.provider.liveness import Liveness
from portero.core.provider.model import TokenLifetimes
from portero.core.provider.possession import Possession
from portero.core.provider.resources import Resources
from portero.core.provider.revoke import Revocation
from portero.core.provider.token_endpoint import TokenEndpoint
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
from portero.protocol.oauth.metadata_policy import GrantType, MetadataPolicy
from portero.settings import Settings, SettingsError
from portero.settings.rules import hash_threads
from portero.web.health import Health
from portero.web.login.links import link_url
from portero.web.oidc.oauth import TOKEN_PATH
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
        policy=MetadataPolicy(local=settings.development),
    )
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
    )
    session_grant = SessionGrant(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        issuing=issuing,
        first_party=FirstParty(" ".join(settings.api_scopes), settings.api_audience),
    )
    refresh_grant = RefreshTokenGrant(
        db=db, clock=clock, audit=audit, feed=feed, issuing=issuing, sessions=sessions
    )
    client_cache = ClientCache(db=db, clock=clock, feed=feed)
    tokens = TokenCheck(
        db=db,
        clock=clock,
        ring=ring,
        clients=client_cache,
        liveness=Liveness(feed, memory=longest_token),
        issuer=settings.issuer,
        audience=settings.api_audience,
    )

    client_auth = ClientAuth(
        db=db,
        clock=clock,
        audit=audit,
        limits=limits,
        clients=client_cache,
        issuer=settings.issuer,
        token_url=settings.issuer + TOKEN_PATH,
    )
    buffer = AuditBuffer(db, audit)
    resources = Resources(
        known=(settings.api_audience, *settings.resources),
        fallback=f"{settings.issuer}/oauth/userinfo",
    )
    token_endpoint = TokenEndpoint(
        client_auth=client_auth,
        possession=Possession(db=db, clock=clock, vault=vault),
        urls=(settings.issuer + TOKEN_PATH,),
        grants={
            GrantType.CLIENT_CREDENTIALS: ClientCredentialsGrant(
                clock=clock, buffer=buffer, issuing=issuing, resources=resources
            )
        },
    )
    revocation = Revocation(
        db=db, clock=clock, audit=audit, feed=feed, client_auth=client_auth, tokens=tokens
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
    return (settings.issuer, *settings.allowed_hosts, *named)


def _settled_limits(settings: Settings) -> dict[str, LimitPolicy]:
    known = {policy.name for policy in (*POLICIES, CLIENT_AUTH_BY_ADDRESS)}
    settled = {}
    for part in settings.limits:
        name, _, figures = part.partition("=")
        tries, _, seconds = figures.partition("/")
        if name not in known:
            sentence = f"PORTERO_LIMITS names {name}; known are {', '.join(sorted(known))}."
            raise SettingsError("PORTERO_LIMITS", sentence)
        settled[name] = LimitPolicy(name, int(tries), int(seconds))
    return settled


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
