"""The two cookies of a browser: 256 random bits that name its record, and a secret for each account
that knows it as a device. Neither says anything else."""

from __future__ import annotations

from typing import Final

from portero.web.own_cookie import OwnCookie


class BrowserCookie(OwnCookie):
    def __init__(self, *, issuer: str, max_age_seconds: int) -> None:
        super().__init__("portero", issuer=issuer, max_age_seconds=max_age_seconds)


# As long as browsers keep any cookie (RFC 6265bis §5.5).
_DEVICE_SECONDS: Final = 400 * 86_400


class DeviceCookie(OwnCookie):
    def __init__(self, *, issuer: str) -> None:
        super().__init__("portero_device", issuer=issuer, max_age_seconds=_DEVICE_SECONDS)
