"""Joins what tells people from robots."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from portero.core.challenges import Challenges, Gate
from portero.core.challenges.tickets import Tickets
from portero.core.devices import KnownDevices
from portero.core.login.robots import Robots
from portero.core.stuffing import StuffingAlarm
from portero.outside.altcha import Altcha
from portero.outside.http_fetch import HttpFetch
from portero.wiring.base import Base

_PURPOSE: Final = "challenge"


def join_robots(base: Base, devices: KnownDevices, stuffing: StuffingAlarm) -> Robots:
    challenges = Challenges(_gate(base), Tickets(base.vault), base.limits)
    return Robots(base.db, base.clock, base.limits, devices, challenges, stuffing)


def _gate(base: Base) -> Gate | None:
    settings = base.settings
    if settings.challenge == "off":
        return None
    if settings.challenge == "altcha":
        return Altcha(base.vault.keys(_PURPOSE))
    from portero.outside.captcha import SERVICES, Captcha

    own = urlsplit(settings.challenge_url).hostname
    return Captcha(
        HttpFetch(allowed_hosts=(own,) if own else ()),
        SERVICES[settings.challenge],
        site_key=settings.challenge_site_key,
        secret=settings.challenge_secret,
        host=urlsplit(settings.issuer).hostname or "",
        verify_url=settings.challenge_url,
    )
