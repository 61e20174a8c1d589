"""Joins the factors by one-time code, and whoever sends text messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache, partial
from urllib.parse import urlsplit

from portero.core.accounts.phones import is_mobile_of, known_regions
from portero.core.authenticators import Authenticators
from portero.core.factors.one_time_code import (
    CodeFactor,
    Codes,
    MailChannel,
    PhoneProofs,
    TextChannel,
)
from portero.core.notices import CODE_TEXT
from portero.core.outbox import Deliverer
from portero.kit.ports import Clock
from portero.outside.http_fetch import HttpFetch
from portero.settings import Settings
from portero.wiring.base import Base


def join_codes(base: Base) -> Codes:
    return Codes(base.db, base.clock, base.dice, base.vault, base.audit, base.limits)


def join_code_factors(
    base: Base, codes: Codes, authenticators: Authenticators
) -> tuple[CodeFactor, ...]:
    """By mail; and by text message where there is anybody to send one."""
    mail, text = MailChannel(base.notices), _texts(base)
    return tuple(
        CodeFactor(db=base.db, codes=codes, channel=channel, authenticators=authenticators)
        for channel in ((mail, text) if text else (mail,))
    )


def join_phone(base: Base, codes: Codes) -> PhoneProofs | None:
    """None where nobody sends text messages."""
    channel = _texts(base)
    return (
        None
        if channel is None
        else PhoneProofs(
            db=base.db,
            clock=base.clock,
            audit=base.audit,
            feed=base.feed,
            codes=codes,
            channel=channel,
            owner=base.owner,
        )
    )


def _texts(base: Base) -> TextChannel | None:
    serving = partial(serves, base.settings)
    return TextChannel(base.notices, serving) if sends_texts(base.settings) else None


def sends_texts(settings: Settings) -> bool:
    return settings.sms_provider != "off" or settings.development


def serves(settings: Settings, number: str) -> bool:
    """Whether text messages go to that number."""
    everywhere = settings.sms_provider == "off" or settings.sms_countries == ("all",)
    regions = known_regions() if everywhere else frozenset(settings.sms_countries)
    return is_mobile_of(number, regions)


def texts_of(settings: Settings, clock: Clock) -> tuple[Mapping[str, Deliverer], ...]:
    """A queue of their own, where there are any: a provider that hangs keeps no mail from anybody.
    The deliverer is made when the first message is sent, not at the start."""
    make = cache(lambda: _make_texter(settings, clock))
    return ({CODE_TEXT: lambda payload: make()(payload)},) if sends_texts(settings) else ()


def _make_texter(settings: Settings, clock: Clock) -> Deliverer:
    from portero.outside import sms

    host = urlsplit(settings.issuer).hostname or "localhost"
    writer = sms.TextWriter(product_name=settings.product_name, host=host)
    if settings.sms_provider == "off":
        return sms.TextDelivery(writer, sms.TextFiles(settings.data_dir / "sms"), clock)
    # The operator named this host; a gateway on the same machine is theirs to choose.
    url = settings.sms_url.reveal()
    own = urlsplit(url).hostname
    fetch = HttpFetch(allowed_hosts=(own,) if own else ())
    account = sms.Account(
        settings.sms_account,
        settings.sms_secret,
        settings.sms_from,
        url,
        settings.sms_region,
    )
    if settings.sms_provider == "http":
        headers: Mapping[str, str] = json.loads(settings.sms_headers.reveal() or "{}")
        shape = sms.templated(
            sms.Template(url, headers, settings.sms_body.reveal(), settings.sms_from)
        )
    else:
        shape = {"twilio": sms.twilio, "vonage": sms.vonage, "sns": sms.sns}[settings.sms_provider](
            account
        )
    return sms.TextDelivery(writer, sms.HttpTexts(fetch, shape, clock), clock)
