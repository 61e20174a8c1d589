"""Settings of text messages: two parsers, and what they must be to each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from portero.kit.secrets import Secret
from portero.settings.parsing import Unparsable, items, service_url

_HEADER: Final = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")


def countries(given: str) -> tuple[str, ...]:
    """Country codes (ISO 3166-1 alpha-2), or `all` alone."""
    found = items(given)
    if found != ("all",) and not all(re.fullmatch(r"[A-Z]{2}", item) for item in found):
        raise Unparsable("a list of country codes such as DE,FR, or all")
    return found


def header_object(given: str) -> Secret:
    """A JSON object of header names and values; a secret, because one of them will be."""
    try:
        found = json.loads(given or "{}")
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(
        _HEADER.fullmatch(name)
        and isinstance(value, str)
        and value.isascii()
        and value.isprintable()
        for name, value in found.items()
    ):
        raise Unparsable("a JSON object of header names and their values")
    return Secret(given)


def url(given: str) -> Secret:
    """A secret, because providers that know no better want their key in its query."""
    return Secret(service_url(given))


def rules(v: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    provider = v["sms_provider"]
    yield (
        "PORTERO_SMS_COUNTRIES",
        provider != "off" and not v["sms_countries"],
        "PORTERO_SMS_COUNTRIES must say to which countries text messages go (or all).",
    )
    needed = {
        "http": ("sms_url",),
        "twilio": ("sms_account", "sms_secret", "sms_from"),
        "vonage": ("sms_account", "sms_secret", "sms_from"),
        "sns": ("sms_account", "sms_secret", "sms_region"),
    }
    for field in needed.get(provider, ()):
        key = f"PORTERO_{field.upper()}"
        yield key, not v[field], f"{key} must be set with PORTERO_SMS_PROVIDER {provider}."
