"""The whole house over one database."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from portero.core.accounts.email import EMAIL_CLAIMED, EMAIL_MOVE_ASKED, EmailProofs
from portero.core.accounts.flows import Accounts
from portero.core.accounts.telling import OwnerTold
from portero.core.audit import AuditBuffer, AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.clients import ClientKeys, Clients
from portero.core.factors.password import Passwords
from portero.core.keys.flows import Keys
from portero.core.keys.ring import KeyRing
from portero.core.login.recovery import RECOVERY_ASKED
from portero.core.login.watching import SIGN_IN_LEFT
from portero.core.login.with_mail import SIGN_IN_MAIL_ASKED
from portero.core.notices import NOTICE, Notices
from portero.core.outbox import Outbox, OutboxDesk, OutboxWorker, OutboxWorkers
from portero.core.sessions import Lifetimes, Sessions
from portero.core.stuffing import StuffingAlarm
from portero.kit.db import Database
from portero.kit.ports import Clock, Dice, Meter
from portero.kit.vault import Vault
from portero.outside.clock import SystemClock, SystemDice
from portero.outside.hashing import HashPool
from portero.outside.maintenance import MaintenanceFile
from portero.outside.signing import LocalKeyMaker
from portero.protocol.jose.algorithms import SigningAlg
from portero.settings import Settings
from portero.web.browser_cookie import BrowserCookie
from portero.web.health import Health
from portero.web.login.links import link_url
from portero.web.places import ACCOUNT_PATH
from portero.web.rooms import Rooms
from portero.wiring.base import Base
from portero.wiring.codes import texts_of
from portero.wiring.faces import face_settings
from portero.wiring.limits import limits_of
from portero.wiring.parts import (
    Waker,
    breach,
    hasher_of,
    key_schedule,
    mailer,
    metadata_policy,
    meter_of,
    never_alone,
    password_policy,
    places_of,
    remote_keys_of,
)
from portero.wiring.provider import join_provider
from portero.wiring.sign_in import join_sign_in
from portero.wiring.whole_accounts import join_whole_accounts

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
    reseal_factors: Callable[[], int]
    worker: OutboxWorkers
    hasher: HashPool
    meter: Meter
    stuffing: StuffingAlarm
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

    meter = meter_of(settings)
    audit = AuditLog(db, dice, meter=meter)
    feed = ChangeFeed(db, clock, dice, memory=longest_token)
    waker = Waker()
    outbox = Outbox(dice, vault, wake=waker)
    notices = Notices(outbox)
    limits, volume = limits_of(settings, clock)

    ring = KeyRing(db, vault)
    feed.subscribe(ChangeKind.KEYS_CHANGED, lambda subject, at: ring.reload())
    keys = Keys(
        db=db,
        clock=clock,
        vault=vault,
        maker=LocalKeyMaker(),
        feed=feed,
        audit=audit,
        schedule=key_schedule(settings, longest_token=longest_token),
    )

    make_link = link_url(settings.issuer)
    owner = OwnerTold(notices, dice, make_link, f"{settings.issuer}{ACCOUNT_PATH}/security")
    accounts = Accounts(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        outbox=outbox,
        feed=feed,
        owner=owner,
        attributes=settings.attributes,
    )
    email = EmailProofs(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        outbox=outbox,
        feed=feed,
        notices=notices,
        owner=owner,
        link_url=make_link,
    )
    clients = Clients(
        db=db,
        clock=clock,
        dice=dice,
        vault=vault,
        audit=audit,
        feed=feed,
        policy=metadata_policy(settings),
    )
    client_keys = ClientKeys(clients, remote_keys_of(settings, clock))
    sessions = Sessions(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        feed=feed,
        outbox=outbox,
        lifetimes=Lifetimes(
            settings.session_idle_seconds, settings.session_seconds, settings.brief_session_seconds
        ),
    )
    hasher = hasher_of(settings)
    passwords = Passwords(
        db=db,
        clock=clock,
        hasher=hasher,
        policy=password_policy(settings),
        pause=pause,
        breach=breach(settings, meter),
        # Half of the threads at most: the other half is for all who are signed in.
        most_at_once=settings.threads // 2,
        second_factor=never_alone(settings),
    )

    base = Base(
        settings=settings,
        db=db,
        clock=clock,
        dice=dice,
        vault=vault,
        audit=audit,
        feed=feed,
        limits=limits,
        volume=volume,
        ring=ring,
        clients=clients,
        client_keys=client_keys,
        sessions=sessions,
        outbox=outbox,
        notices=notices,
        owner=owner,
        longest_token=longest_token,
    )
    entry = join_sign_in(
        base, accounts=accounts, email=email, passwords=passwords, link_url=make_link
    )
    provider = join_provider(base, reachable_levels=entry.levels)

    whole = join_whole_accounts(
        base, accounts=accounts, passwords=passwords, entry=entry, provider=provider
    )

    mails = {
        NOTICE: mailer(settings),
        EMAIL_CLAIMED: email.follow_claim,
        EMAIL_MOVE_ASKED: email.follow_move,
        RECOVERY_ASKED: entry.recovery.follow,
        SIGN_IN_LEFT: entry.watch.follow,
        SIGN_IN_MAIL_ASKED: entry.follow_sign_in_mail,
    }
    pushes = (entry.push.queue,) if entry.push is not None else ()
    worker = OutboxWorkers(
        *(
            OutboxWorker(db, clock, dice, vault, queue)
            for queue in (mails, provider.calls, *texts_of(settings, clock), *pushes)
        )
    )
    waker.worker = worker
    maintenance = MaintenanceFile(settings.data_dir, clock)
    rooms = Rooms(
        settings=face_settings(settings),
        clock=clock,
        health=Health(
            {
                "database": db.ping,
                "signing_key": lambda: ring.signer(SigningAlg.ES256, clock.now()),
            },
            maintenance,
        ),
        maintenance=maintenance,
        place_of=places_of(settings),
        audit=audit,
        accounts=accounts,
        email=email,
        sign_in=entry.sign_in,
        sign_in_steps=entry.steps,
        step_up=entry.step_up,
        passkey_sign_in=entry.passkey_sign_in,
        certificate_sign_in=entry.certificate_sign_in,
        robots=entry.robots,
        sign_up=entry.sign_up,
        recovery=entry.recovery,
        password_change=entry.password_change,
        taking_back=entry.taking_back,
        freezing=entry.freezing,
        authenticators=entry.authenticators,
        passkeys=entry.passkeys,
        passkey_offers=entry.passkey_offers,
        enrolment=entry.enrolment,
        recovery_codes=entry.recovery_codes,
        phone=entry.phone,
        push_answering=entry.push.answering if entry.push is not None else None,
        account_admin=whole.admin,
        personal_data=whole.personal_data,
        mail_sign_in=entry.mail_sign_in,
        sessions=sessions,
        volume=volume,
        devices=entry.devices,
        provider=provider.rooms,
        keys=ring,
        browser_cookie=BrowserCookie(
            issuer=settings.issuer, max_age_seconds=settings.session_seconds
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
        buffer=provider.buffer,
        desk=OutboxDesk(db, vault),
        reseal_factors=entry.reseal,
        worker=worker,
        hasher=hasher,
        meter=meter,
        stuffing=entry.stuffing,
        rooms=rooms,
    )
