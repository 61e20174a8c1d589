"""Puzzles of a service elsewhere: Turnstile, hCaptcha and reCAPTCHA ask for the same thing with
other names (`siteverify`), so that one adapter serves them all.

A service that does not answer opens nothing: whoever can make it slow must not get in by that. The
ticket for browsers without scripts does not ask it, and is the way left meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from portero.core.challenges import Solved, Widget
from portero.core.challenges.rules import HARDEST
from portero.kit.secrets import Secret
from portero.outside.http_fetch import FetchFailed, FetchForbidden, HttpFetch

_TIMEOUT_SECONDS: Final = 4.0
_MOST_BYTES: Final = 16 * 1024
_MOST_CHARACTERS: Final = 8192
# The services take an answer once, and for two to five minutes; so long we remember it too.
_LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Service:
    """Where one asks, and what a page loads."""

    kind: str
    verify_url: str
    widget: Widget


_HCAPTCHA: Final = ("https://hcaptcha.com", "https://*.hcaptcha.com")
SERVICES: Final = {
    each.kind: each
    for each in (
        Service(
            "turnstile",
            "https://challenges.cloudflare.com/turnstile/v0/siteverify",
            Widget(
                "https://challenges.cloudflare.com/turnstile/v0/api.js",
                "cf-turnstile",
                {
                    "script-src": ("https://challenges.cloudflare.com",),
                    "frame-src": ("https://challenges.cloudflare.com",),
                },
            ),
        ),
        Service(
            "hcaptcha",
            "https://api.hcaptcha.com/siteverify",
            Widget(
                "https://js.hcaptcha.com/1/api.js",
                "h-captcha",
                {
                    "script-src": _HCAPTCHA,
                    "frame-src": _HCAPTCHA,
                    "style-src": _HCAPTCHA,
                    "connect-src": _HCAPTCHA,
                },
            ),
        ),
        Service(
            "recaptcha",
            "https://www.google.com/recaptcha/api/siteverify",
            Widget(
                "https://www.google.com/recaptcha/api.js",
                "g-recaptcha",
                {
                    "script-src": (
                        "https://www.google.com/recaptcha/",
                        "https://www.gstatic.com/recaptcha/",
                    ),
                    "frame-src": ("https://www.google.com/recaptcha/",),
                },
            ),
        ),
    )
}


class Captcha:
    """`host` is the one that the answer must have been given at: a page elsewhere that shows our
    widget collects answers for robots."""

    def __init__(
        self,
        fetch: HttpFetch,
        service: Service,
        *,
        site_key: str,
        secret: Secret,
        host: str,
        verify_url: str = "",
    ) -> None:
        self._fetch = fetch
        self._site_key = site_key
        self._secret = secret
        self._host = host
        self._verify_url = verify_url or service.verify_url
        self.kind = service.kind
        self.widget = service.widget

    def make(self, about: str, level: int, *, expires_at: datetime) -> Mapping[str, Any]:
        return {"site_key": self._site_key}

    def judge(self, given: str, *, now: datetime, address: str) -> Solved | None:
        if len(given) > _MOST_CHARACTERS:
            return None
        said = self._ask(given, address)
        if said.get("success") is not True or said.get("hostname") != self._host:
            return None
        return Solved(given, None, HARDEST, now + _LIFETIME)

    def _ask(self, given: str, address: str) -> dict[str, Any]:
        """What the service says; nothing where it says nothing that can be read."""
        form = {
            "secret": self._secret.reveal(),
            "response": given,
            "remoteip": address,
            "sitekey": self._site_key,
        }
        try:
            answer = self._fetch.send(
                "POST",
                self._verify_url,
                headers={"content-type": "application/x-www-form-urlencoded"},
                body=urlencode(form).encode(),
                timeout_seconds=_TIMEOUT_SECONDS,
                max_bytes=_MOST_BYTES,
            )
            said = json.loads(answer.body) if answer.status == 200 else None
        except (FetchFailed, FetchForbidden, ValueError, RecursionError):
            return {}
        return said if isinstance(said, dict) else {}
