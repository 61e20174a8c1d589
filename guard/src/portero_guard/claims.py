"""Claims that every kind of JWT has, read strictly (RFC 7519 §4.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from portero_guard.errors import TokenRefused

# 9999-01-01: a year before datetime's own end, so that a leeway can be added to any date
_END_OF_TIME: Final = 253_370_764_800


def audiences(aud: Any) -> tuple[str, ...]:
    """RFC 7519 §4.1.3: one string or a list of them. (`in` on a string would match a part.)"""
    if isinstance(aud, str):
        return (aud,)
    if are_texts(aud):
        return tuple(aud)
    raise TokenRefused("aud is neither a string nor a list of strings")


def are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def seconds(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519 §2), None where it is left out. True is an int in Python, and is none
    here; neither is NaN, which compares false with everything, so that it would never expire."""
    if name not in claims:
        return None
    value = claims[name]
    if type(value) not in (int, float) or not 0 <= value <= _END_OF_TIME:
        raise TokenRefused(f"{name} is not a date")
    return float(value)
