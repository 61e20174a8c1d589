"""One-time passwords by counter and by time (HOTP, RFC 4226; TOTP, RFC 6238)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, urlencode

from portero.kit.secrets import same_secret

# RFC 6238 §5.2: a step before and a step after allow for a phone's clock and slow fingers.
_STEPS_AROUND: Final = 1


class OtpAlgorithm(StrEnum):
    SHA1 = "SHA1"  # what every authenticator app can do; HMAC does not need collision resistance
    SHA256 = "SHA256"
    SHA512 = "SHA512"


@dataclass(frozen=True, slots=True)
class TotpParameters:
    """How codes are made. Apps know the defaults; the others come with imported secrets."""

    algorithm: OtpAlgorithm = OtpAlgorithm.SHA1
    digits: int = 6
    period_seconds: int = 30


def hotp(
    key: bytes, counter: int, *, digits: int = 6, algorithm: OtpAlgorithm = OtpAlgorithm.SHA1
) -> str:
    """The code of a counter (RFC 4226 §5.3)."""
    digest = hmac.digest(key, counter.to_bytes(8, "big"), algorithm.value.lower())
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def matching_step(
    key: bytes, typed: str, *, unix_seconds: int, parameters: TotpParameters, after: int
) -> int | None:
    """The time step whose code was typed, of those that may be used now; None for a wrong code.

    `after` is the step of the last code that was accepted: neither it nor an older one opens
    anything again (RFC 6238 §5.2).
    """
    now = unix_seconds // parameters.period_seconds
    found = None
    for step in range(now - _STEPS_AROUND, now + _STEPS_AROUND + 1):
        code = hotp(key, step, digits=parameters.digits, algorithm=parameters.algorithm)
        # All are compared, whichever fits: the time tells nothing.
        if same_secret(typed, code) and step > after and found is None:
            found = step
    return found


def typed_digits(text: str) -> str:
    """A code as people type and paste it, without the spaces that apps show between groups."""
    return "".join(text.split())


def base32_text(key: bytes) -> str:
    """The secret as apps take it: base32 without padding."""
    return base64.b32encode(key).decode().rstrip("=")


def base32_key(text: str) -> bytes:
    """The secret of a base32 text, with or without spaces and padding; raises ValueError."""
    compact = "".join(text.split()).replace("-", "").upper().rstrip("=")
    padded = compact + "=" * (-len(compact) % 8)
    try:
        return base64.b32decode(padded)
    except binascii.Error as error:
        raise ValueError("no base32") from error


def otpauth_uri(key: bytes, *, issuer: str, name: str, parameters: TotpParameters) -> str:
    """What the QR code holds (the key URI format that authenticator apps share)."""
    # No colon inside either: it parts the two.
    label = f"{quote(issuer.replace(':', ' '), safe='')}:{quote(name.replace(':', ' '), safe='')}"
    query = urlencode(
        {
            "secret": base32_text(key),
            "issuer": issuer.replace(":", " "),
            "algorithm": parameters.algorithm.value,
            "digits": parameters.digits,
            "period": parameters.period_seconds,
        },
        quote_via=quote,
    )
    return f"otpauth://totp/{label}?{query}"
