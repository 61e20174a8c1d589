"""Every limit there is, and what the operator made of them."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Final

from portero.core.admin.personal_data import DOWNLOADS_BY_ACCOUNT
from portero.core.challenges import TICKETS_BY_ADDRESS
from portero.core.factors.one_time_code import POLICIES as CODE_POLICIES
from portero.core.factors.push import PUSH_BY_ACCOUNT
from portero.core.limits import AddressPolicy, LimitPolicy, Limits, Prefixes, Volume
from portero.core.limits.fallback import WithFallback
from portero.core.limits.ports import Counters
from portero.core.limits.store import SqlCounters
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
from portero.kit.ports import Clock
from portero.protocol.oauth.profiles import Profile
from portero.settings import Settings, SettingsError

POLICIES: Final[tuple[LimitPolicy, ...]] = (
    *LOGIN_POLICIES,
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
    TOKENS_BY_CLIENT,
    INTROSPECTIONS_BY_CLIENT,
    TICKETS_BY_ADDRESS,
)


def limits_of(settings: Settings, clock: Clock) -> tuple[Limits, Volume]:
    settled = settled_limits(settings)
    prefixes = Prefixes(settings.limits_ipv4, settings.limits_ipv6)
    return Limits(settled, prefixes, _counters_of(settings, clock)), Volume(clock, settled)


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
    return tuple(each.of_network() for each in POLICIES if isinstance(each, AddressPolicy))


def _relaxed() -> dict[str, LimitPolicy]:
    """Each module of a certification plan registers a client or two, all from one address."""
    policy = CLIENT_REGISTRATION_BY_ADDRESS
    return {policy.name: replace(policy, tries=2000)}
