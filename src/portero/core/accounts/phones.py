"""Phone numbers: the one spelling of each, and where a text message to it would go.

Pure. The library (phonenumbers, Google's plan of the world's numbers) is imported when needed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from portero.kit.refusals import FieldFault, Invalid

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_LONGEST: Final = 32  # characters, with the spaces that people write
_TYPED: Final = re.compile(r"\+[0-9 ().\-/]+")


class InvalidPhone(Invalid):
    """The text is no phone number; the fault says so."""

    code = "invalid_phone"
    public = "This is not a phone number."


def e164(text: str, *, field: str = "phone") -> str:
    """The number in E.164 (ITU-T E.164 §6): a plus sign, country code and number, without spaces.
    Raises `InvalidPhone`."""
    import phonenumbers

    unfit = InvalidPhone(
        faults=(
            FieldFault(
                field, "not_a_phone_number", "Give a phone number with + and its country code."
            ),
        )
    )
    if len(text) > _LONGEST or not _TYPED.fullmatch(text):
        raise unfit
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise unfit from error
    if not phonenumbers.is_valid_number(number):
        raise unfit
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def country_code(number: str) -> str:
    """The digits of a number's country code: '49' for a German one."""
    return str(_parsed(number).country_code)


def is_mobile_of(number: str, regions: Collection[str]) -> bool:
    """Whether it may be a mobile phone's, of one of the regions (ISO 3166-1 alpha-2, upper case).

    Premium-rate and shared-cost numbers are the way in which text messages are turned into money.
    """
    import phonenumbers

    parsed = _parsed(number)
    kinds = phonenumbers.PhoneNumberType
    mobile = phonenumbers.number_type(parsed) in (kinds.MOBILE, kinds.FIXED_LINE_OR_MOBILE)
    return mobile and phonenumbers.region_code_for_number(parsed) in regions


def known_regions() -> frozenset[str]:
    """Every region that has numbers."""
    import phonenumbers

    return frozenset(phonenumbers.SUPPORTED_REGIONS)


def _parsed(number: str) -> PhoneNumber:
    import phonenumbers

    return phonenumbers.parse(number, None)
