"""The one cookie of a browser: 256 random bits that name its record, and nothing else."""

from __future__ import annotations

from portero.web.own_cookie import OwnCookie


class BrowserCookie(OwnCookie):
    def __init__(self, *, issuer: str, max_age_seconds: int) -> None:
        super().__init__("portero", issuer=issuer, max_age_seconds=max_age_seconds)
