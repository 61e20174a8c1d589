"""What `portero doctor` looks at. Each check answers; none raises for what it was made to find."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from portero.settings import Settings
    from portero.wiring import House

# Tokens carry the server's clock and limits the database's rows: half a minute apart, a code that
# lives for one minute begins to fail.
_SKEW_WARN: Final = timedelta(seconds=2)
_SKEW_FAIL: Final = timedelta(seconds=30)
_WAIT_SECONDS: Final = 5
_MOST_NAMED: Final = 10  # on one line of the report


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `advice` says what to do where something is."""

    check: str
    state: State
    told: str
    advice: str = ""

    def json(self) -> dict[str, str]:
        return {
            "check": self.check,
            "state": self.state.value,
            "message": self.told,
            "advice": self.advice,
        }


def permissions(settings: Settings) -> Iterator[Finding]:
    """Nobody else on the machine may read the database, the key or the mails."""
    data_dir = settings.data_dir
    mode = stat.S_IMODE(data_dir.stat().st_mode)
    if mode & 0o077:
        told = f"{data_dir} is open to other users (mode {mode:04o})."
        yield Finding("permissions", State.WARN, told, f"Run chmod 700 {data_dir}")
    else:
        yield Finding("permissions", State.OK, f"{data_dir} is closed to other users.")
    for place in (data_dir / "secret_key", Path.cwd() / ".env", settings.tls_key):
        if place is None or not place.is_file():
            continue
        mode = stat.S_IMODE(place.stat().st_mode)
        if mode & 0o077:
            told = f"{place} holds secrets and is open to other users (mode {mode:04o})."
            yield Finding("permissions", State.FAIL, told, f"Run chmod 600 {place}")


def database(house: House) -> Finding:
    from portero.kit.refusals import Refusal

    try:
        house.db.ping()
    except Refusal as refusal:
        return Finding(
            "database",
            State.FAIL,
            f"The {house.db.dialect} database does not answer ({refusal.detail}).",
            "Look at DATABASE_URL, and whether the database server runs and lets this host in.",
        )
    return Finding("database", State.OK, f"The {house.db.dialect} database answers.")


def redis(settings: Settings) -> Iterator[Finding]:
    """Where it is set: away, it costs requests a wait, and the database what it was to spare."""
    if not settings.redis_url:
        return
    from portero.core.limits.ports import CountersGone
    from portero.outside.redis import RedisCounters

    counters = RedisCounters(settings.redis_url, owner=settings.issuer)
    try:
        counters.ping()
    except CountersGone as error:
        told = f"{error}; limits are counted in the database meanwhile."
        advice = "Look at PORTERO_REDIS_URL, and whether that server runs and lets this host in."
        yield Finding("redis", State.WARN, told, advice)
    else:
        yield Finding("redis", State.OK, "Redis answers.")
    finally:
        counters.close()


def schema(house: House) -> Finding:
    from portero.migrations import runner

    found = runner.current(house.db)
    if found == runner.HEAD:
        return Finding("schema", State.OK, f"The database is at revision {found}.")
    told = f"The database is at revision {found or 'none'}; this version needs {runner.HEAD}."
    if house.db.dialect == "sqlite":
        return Finding("schema", State.WARN, told, "The next start brings it there.")
    return Finding("schema", State.FAIL, told, "Run portero db upgrade")


def clock(house: House) -> Finding:
    """This machine's clock against the database's. An embedded database has no other clock."""
    if house.db.dialect == "sqlite":
        return Finding("clock", State.OK, f"This machine says {_now(house)}.")

    def ask(tx: Any) -> datetime:
        asked: datetime = tx.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return asked

    skew = abs(house.db.read(ask).astimezone(UTC) - house.clock.now())
    told = f"This machine and the database differ by {skew.total_seconds():.1f} s."
    if skew < _SKEW_WARN:
        return Finding("clock", State.OK, told)
    state = State.WARN if skew < _SKEW_FAIL else State.FAIL
    return Finding("clock", state, told, "Let both follow a time server (NTP).")


def keys(house: House) -> Finding:
    """There is a key that signs, and the present SECRET_KEY opens it."""
    from portero.core.keys.errors import NoSigningKey
    from portero.kit.vault import Unsealable
    from portero.protocol.jose.algorithms import SigningAlg

    if not house.keys.list_keys():
        return Finding("keys", State.OK, "There is no signing key yet: the first start makes it.")
    try:
        for name in house.settings.signing_algs:
            house.ring.signer(SigningAlg(name), house.clock.now())
    except NoSigningKey as refusal:
        advice = "Start the server, or run portero keys rotate"
        return Finding("keys", State.WARN, f"There is {refusal.detail}.", advice)
    except Unsealable:
        return Finding(
            "keys",
            State.FAIL,
            "The signing keys are sealed under another SECRET_KEY.",
            "Put the former SECRET_KEY into SECRET_KEY_FALLBACKS, and run portero keys reencrypt",
        )
    return Finding("keys", State.OK, "The signing keys can be opened.")


def clients(house: House) -> Finding:
    """Whether each client keeps its profile, and the server's rules: one that does not is
    refused."""
    from portero.core.clients.flows import LIST_LIMIT
    from portero.core.clients.rules import unfitting

    unfit: list[str] = []
    page = house.clients.list_clients(limit=LIST_LIMIT)
    while page:
        for client in page:
            if names := unfitting(client, house.clients.policy):
                unfit.append(f"{client.client_id} ({', '.join(names)})")
        page = house.clients.list_clients(after=page[-1].client_id, limit=LIST_LIMIT)
    if unfit:
        told = f"{len(unfit)} clients are refused, because of what they registered: "
        advice = (
            "Register them anew, or change PORTERO_PROFILE (see docs/howto/fapi.md) or "
            "PORTERO_SECOND_FACTOR"
        )
        return Finding("clients", State.WARN, told + "; ".join(unfit[:_MOST_NAMED]) + ".", advice)
    return Finding("clients", State.OK, "Every client keeps its profile.")


def outbox(house: House) -> Finding:
    dead = len(house.desk.list_dead())
    if dead:
        told = f"{dead} mails or other jobs were given up."
        return Finding("outbox", State.WARN, told, "See portero outbox list-dead")
    return Finding("outbox", State.OK, "No mail or other job was given up.")


def mail(settings: Settings) -> Finding:
    """Connect and sign in to the mail server; send nothing."""
    if not settings.smtp_host:
        told = f"Mails are written to {settings.data_dir / 'mail'}."
        if settings.development:
            return Finding("mail", State.OK, told)
        return Finding("mail", State.WARN, told, "Set PORTERO_SMTP_HOST to send them.")
    place = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        _greet(settings)
    except OSError as error:  # every error of smtplib and of TLS is one
        return Finding(
            "mail",
            State.FAIL,
            f"The mail server {place} can't be used ({type(error).__name__}).",
            "Look at the PORTERO_SMTP_ settings, the server's certificate and the firewall.",
        )
    return Finding("mail", State.OK, f"The mail server {place} lets us in.")


def _greet(settings: Settings) -> None:
    import smtplib
    import ssl

    context = ssl.create_default_context()
    place = settings.smtp_host, settings.smtp_port
    if settings.smtp_tls == "tls":
        client: smtplib.SMTP = smtplib.SMTP_SSL(*place, timeout=_WAIT_SECONDS, context=context)
    else:
        client = smtplib.SMTP(*place, timeout=_WAIT_SECONDS)
    with client:
        if settings.smtp_tls == "starttls":
            client.starttls(context=context)
        if settings.smtp_username:
            client.login(settings.smtp_username, settings.smtp_password.reveal())
        client.noop()


def issuer(settings: Settings) -> Finding:
    """Whether the public URL leads to this Portero: through DNS, TLS and the proxy, as clients go,
    with the whole path of the issuer."""
    from portero.outside.http_fetch import FetchFailed, FetchForbidden, HttpFetch
    from portero.web.places import DISCOVERY_PATH

    url = settings.issuer + DISCOVERY_PATH
    # The operator named the issuer: it may lie on this machine or in a private network.
    host = (urlsplit(settings.issuer).hostname or "").lower()
    fetch = HttpFetch(allowed_hosts=(host,), allow_loopback=True)
    try:
        found = fetch.get(url, timeout_seconds=_WAIT_SECONDS)
    except (FetchFailed, FetchForbidden) as refusal:
        return Finding(
            "issuer",
            State.WARN,
            f"{url} does not answer ({refusal.detail}).",
            "Start portero serve; else look at DNS, the certificate and the proxy.",
        )
    if found.status != 200:
        told = f"{url} answers with status {found.status}."
        advice = (
            "Something else answers there, PORTERO_ALLOWED_HOSTS lacks that name, or the proxy "
            "takes a part of the path away."
        )
        return Finding("issuer", State.FAIL, told, advice)
    named = _issuer_named_by(found.body)
    if named != settings.issuer:
        told = f"{url} is of another issuer."
        advice = "Set PORTERO_ISSUER to the URL that clients use, letter by letter."
        return Finding("issuer", State.FAIL, told, advice)
    return Finding("issuer", State.OK, f"{settings.issuer} answers.")


def _issuer_named_by(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    return str(found.get("issuer", "")) if isinstance(found, dict) else ""


def _now(house: House) -> str:
    return house.clock.now().isoformat(timespec="seconds")


def closed_or_themed(house: House) -> Iterator[Finding]:
    """What people see instead of the usual pages: one's own, or that nobody comes in."""
    from portero.web.templating import BadTheme, environment

    if house.rooms.maintenance() is not None:
        told = "The service is closed: every page and API answers 503."
        yield Finding("maintenance", State.WARN, told, "Run portero maintenance off")
    theme_dir = house.settings.theme_dir
    if theme_dir is None:
        return
    try:
        environment(theme_dir)
    except BadTheme as error:
        yield Finding("theme", State.FAIL, f"{error}.", f"Correct it in {theme_dir}.")
    else:
        yield Finding("theme", State.OK, f"The templates in {theme_dir} can be used.")
