"""One spelling of a number, and which numbers get text messages."""

from __future__ import annotations

import pytest

from portero.core.accounts.phones import (
    InvalidPhone,
    country_code,
    e164,
    is_mobile_of,
    known_regions,
)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+49 1512 3456712", "+4915123456712"),
        ("+49 (0)1512 345 67 12", "+4915123456712"),
        ("+44-7911-123456", "+447911123456"),
        ("+1 (201) 555-0123", "+12015550123"),
    ],
)
def test_a_number_has_one_spelling(typed: str, number: str) -> None:
    """With spaces, brackets and dashes it is the same one."""
    assert e164(typed) == number
    assert e164(number) == number


@pytest.mark.parametrize(
    "typed",
    ["", "015123456712", "+", "+49", "+4915", "+49 1512 34567123456", "+999 123456789",
     "+49151\n23456712", "+４９15123456712", "+1-800-FLOWERS", "+4915123456712;ext=1", "9" * 40],
)  # fmt: skip
def test_what_is_no_number_is_refused(typed: str) -> None:
    """Without a country code it could be anybody's; and nothing rides along."""
    with pytest.raises(InvalidPhone) as refusal:
        e164(typed, field="number")
    assert refusal.value.faults[0].name == "number"


@pytest.mark.parametrize(
    ("number", "regions", "served"),
    [
        ("+4915123456712", {"DE"}, True),
        ("+4915123456712", {"FR"}, False),
        ("+4915123456712", set(), False),
        ("+12015550123", {"US"}, True),  # where mobile and fixed numbers look alike
        ("+12015550123", {"CA"}, False),  # one country code, many countries
        ("+493012345678", {"DE"}, False),  # a landline
        ("+4990012345678", {"DE"}, False),  # premium rate
        ("+448717777777", {"GB"}, False),  # shared cost
    ],
)
def test_only_mobile_numbers_of_the_countries_are_served(
    number: str, regions: set[str], served: bool
) -> None:
    """What costs a lot to reach is how text messages are turned into somebody's money."""
    assert is_mobile_of(number, regions) is served


def test_a_country_code_is_told_apart_from_the_number() -> None:
    """+1 and +49 have not the same length."""
    assert (country_code("+12015550123"), country_code("+4915123456712")) == ("1", "49")
    assert {"DE", "JP"} <= known_regions()
