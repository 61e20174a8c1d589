"""Every limit there is, and what the operator made of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Final

from portero.core.admin.limits import LimitDesk
from portero.core.admin.personal_data import DOWNLOADS_BY_ACCOUNT
from portero.core.audit import AuditLog
from portero.core.challenges import ANSWERS_BY_ADDRESS, TICKETS_BY_ADDRESS
from portero.core.factors.one_time_code import POLICIES as CODE_POLICIES
from portero.core.factors.push import PUSH_BY_ACCOUNT, PUSH_ENROLMENTS
from portero.core.limits import AddressPolicy, LimitPolicy, Limits, Prefixes, Volume
from portero.core.limits.fallback import WithFallback
from portero.core.limits.ports import Counters
from portero.core.limits.store import SqlCounters
from portero.core.login.present_password import POLICIES as PASSWORD_POLICIES
from portero.core.login.rules import POLICIES as LOGIN_POLICIES
from portero.core.provider.authorize import BEGUN_BY_ADDRESS
from portero.core.provider.ciba import POLICIES as CIBA_POLICIES
from portero.core.provider.client_auth import CLIENT_AUTH_BY_ADDRESS
from portero.core.provider.device import POLICIES as DEVICE_POLICIES
from portero.core.provider.introspect import INTROSPECTIONS_BY_CLIENT
from portero.core.provider.par import PUSHED_BY_ADDRESS, PUSHED_BY_CLIENT
from portero.core.provider.register import (
    CLIENT_MANAGEMENT_BY_ADDRESS,
    CLIENT_REGISTRATION_BY_ADDRESS,
)
from portero.core.provider.token_endpoint import TOKENS_BY_CLIENT
from portero.kit.db import Database
from portero.kit.ports import Clock
from portero.protocol.oauth.profiles import Profile
from portero.settings import Settings, SettingsError

POLICIES: Final[tuple[LimitPolicy, ...]] = (
    *LOGIN_POLICIES,
    *PASSWORD_POLICIES,
    *CODE_POLICIES,
    BEGUN_BY_ADDRESS,
    PUSHED_BY_ADDRESS,
    PUSHED_BY_CLIENT,
    CLIENT_AUTH_BY_ADDRESS,
    CLIENT_REGISTRATION_BY_ADDRESS,
    CLIENT_MANAGEMENT_BY_ADDRESS,
    *DEVICE_POLICIES,
    *CIBA_POLICIES,
    DOWNLOADS_BY_ACCOUNT,
    PUSH_BY_ACCOUNT,
    PUSH_ENROLMENTS,
    TOKENS_BY_CLIENT,
    INTROSPECTIONS_BY_CLIENT,
    TICKETS_BY_ADDRESS,
    ANSWERS_BY_ADDRESS,
)


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy, and which setting says so."""

    policy: LimitPolicy
    source: str


def limits_of(settings: Settings, clock: Clock) -> tuple[Limits, Volume]:
    settled = settled_limits(settings)
    prefixes = Prefixes(settings.limits_ipv4, settings.limits_ipv6)
    return Limits(settled, prefixes, _counters_of(settings, clock)), Volume(clock, settled)


def desk_of(
    settings: Settings, *, db: Database, clock: Clock, audit: AuditLog
) -> tuple[LimitDesk, tuple[InForce, ...]]:
    """For the command line: the desk, and every policy as it is in force."""
    limits, _ = limits_of(settings, clock)
    settled, named = settled_limits(settings), {each.partition("=")[0] for each in settings.limits}

    def source(*names: str) -> str:
        if named & {*names}:
            return "PORTERO_LIMITS"
        return "PORTERO_PROFILE" if {*names} & settled.keys() else "default"

    in_force = tuple(
        InForce(settled.get(one.name, one), source(one.name, each.name))
        for each in POLICIES
        for one in _with_network(settled.get(each.name, each))
    )
    desk = LimitDesk(db=db, clock=clock, audit=audit, limits=limits, policies=POLICIES)
    return desk, in_force


def _with_network(policy: LimitPolicy) -> tuple[LimitPolicy, ...]:
    return (policy, policy.of_network()) if isinstance(policy, AddressPolicy) else (policy,)


def _counters_of(settings: Settings, clock: Clock) -> Counters:
    if not settings.redis_url:
        return SqlCounters()
    key = "PORTERO_REDIS_URL"
    if find_spec("redis") is None:
        raise SettingsError(key, f'{key} needs the extra redis: pip install "portero[redis]".')
    from portero.outside.redis import RedisCounters

    try:
        counters = RedisCounters(settings.redis_url, owner=settings.issuer)
    except ValueError:  # its text may hold the password
        raise SettingsError(key, f"{key} is no URL of a Redis.") from None
    return WithFallback(counters, SqlCounters(), clock)


def settled_limits(settings: Settings) -> dict[str, LimitPolicy]:
    """The policies that are not as the rooms have them, by name."""
    known = {policy.name: policy for policy in (*POLICIES, *_of_networks())}
    settled = _relaxed() if settings.profile is Profile.CERTIFICATION else {}
    for part in settings.limits:
        name, _, figures = part.partition("=")
        tries, _, seconds = figures.partition("/")
        if name not in known:
            sentence = f"PORTERO_LIMITS names {name}; known are {', '.join(sorted(known))}."
            raise SettingsError("PORTERO_LIMITS", sentence)
        settled[name] = replace(known[name], tries=int(tries), window_seconds=int(seconds))
    return settled


def _of_networks() -> tuple[LimitPolicy, ...]:
    return tuple(one for each in POLICIES for one in _with_network(each)[1:])


def _relaxed() -> dict[str, LimitPolicy]:
    """Each module of a certification plan registers a client or two, all from one address."""
    policy = CLIENT_REGISTRATION_BY_ADDRESS
    return {policy.name: replace(policy, tries=2000)}
