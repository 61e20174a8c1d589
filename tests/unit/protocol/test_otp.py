"""One-time passwords against the RFCs' own vectors."""

from __future__ import annotations

import pytest

from portero.protocol.otp import (
    OtpAlgorithm,
    TotpParameters,
    base32_key,
    base32_text,
    hotp,
    matching_step,
    otpauth_uri,
    typed_digits,
)

KEY = b"12345678901234567890"
KEYS = {
    OtpAlgorithm.SHA1: KEY,
    OtpAlgorithm.SHA256: b"12345678901234567890123456789012",
    OtpAlgorithm.SHA512: b"1234567890123456789012345678901234567890123456789012345678901234",
}
# RFC 4226 appendix D.
HOTP = [
    *("755224", "287082", "359152", "969429", "338314"),
    *("254676", "287922", "162583", "399871", "520489"),
]
# RFC 6238 appendix B: seconds, and the code under each hash.
TOTP = [
    (59, "94287082", "46119246", "90693936"),
    (1111111109, "07081804", "68084774", "25091201"),
    (1111111111, "14050471", "67062674", "99943326"),
    (1234567890, "89005924", "91819424", "93441116"),
    (2000000000, "69279037", "90698825", "38618901"),
    (20000000000, "65353130", "77737706", "47863826"),
]


def test_the_vectors_of_hotp() -> None:
    """RFC 4226 appendix D."""
    assert [hotp(KEY, counter) for counter in range(10)] == HOTP


@pytest.mark.parametrize(("seconds", "sha1", "sha256", "sha512"), TOTP)
def test_the_vectors_of_totp(seconds: int, sha1: str, sha256: str, sha512: str) -> None:
    """RFC 6238 appendix B, each under its hash and in its time step."""
    for algorithm, code in zip(OtpAlgorithm, (sha1, sha256, sha512), strict=True):
        step = matching_step(
            KEYS[algorithm],
            code,
            unix_seconds=seconds,
            parameters=TotpParameters(algorithm, digits=8),
            after=-1,
        )
        assert step == seconds // 30


@pytest.mark.parametrize(
    ("late", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_a_clock_may_be_one_step_off(late: int, good: bool) -> None:
    """RFC 6238 §5.2: a step before and one after, and no more."""
    now = 1_700_000_010
    typed = hotp(KEY, (now + late) // 30)
    found = matching_step(KEY, typed, unix_seconds=now, parameters=TotpParameters(), after=-1)
    assert (found is not None) is good


def test_no_code_and_none_before_it_is_good_after_it_was_used() -> None:
    """RFC 6238 §5.2: one-time means one time."""
    now = 1_700_000_010
    for step in (now // 30 - 1, now // 30):
        typed = hotp(KEY, step)
        found = matching_step(
            KEY, typed, unix_seconds=now, parameters=TotpParameters(), after=now // 30
        )
        assert found is None


@pytest.mark.parametrize("typed", ["", "28708", "2870822", "2870 82", "２８７０８２", "28708a"])
def test_what_is_no_code_is_none(typed: str) -> None:
    """Other lengths, other digits, letters."""
    parameters = TotpParameters()
    assert matching_step(KEY, typed, unix_seconds=30, parameters=parameters, after=-1) is None


def test_people_paste_codes_with_spaces() -> None:
    """As apps show them."""
    assert typed_digits(" 287 082\n") == "287082"


def test_a_secret_survives_the_way_through_base32() -> None:
    """Also with spaces, dashes, small letters, padding, and of the 80 bits that people import."""
    for key in (KEY, b"0123456789"):
        text = base32_text(key)
        assert base32_key(f" {text[:4].lower()} {text[4:8]}-{text[8:]}==") == key
    with pytest.raises(ValueError, match="no base32"):
        base32_key("not base 32!")


def test_the_uri_of_the_picture() -> None:
    """Names with what parts the label, or a query, stay where they belong."""
    uri = otpauth_uri(KEY, issuer="A&B: Co", name="ana:x", parameters=TotpParameters())
    assert uri == (
        "otpauth://totp/A%26B%20%20Co:ana%20x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
        "&issuer=A%26B%20%20Co&algorithm=SHA1&digits=6&period=30"
    )
