"""Puzzles for whoever may be a robot."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from portero.kit.secrets import Secret
from portero.settings import choices, parsing
from portero.settings.rows import Derived, Earlier, setting
from portero.settings.table.access import AccessSettings


def _is_on_loopback(earlier: Earlier) -> bool:
    return parsing.is_loopback(urlsplit(str(earlier["issuer"])).hostname or "")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChallengeSettings(AccessSettings):
    challenge: Literal["off", "altcha", "turnstile", "hcaptcha", "recaptcha"] = setting(
        "PORTERO_CHALLENGE",
        choices.challenge,
        Derived(
            "altcha; off on a loopback issuer",
            lambda e: "off" if _is_on_loopback(e) else "altcha",
        ),
        "What whoever may be a robot has to solve after failed tries: altcha (a proof of work, "
        "without anybody else), a service (turnstile, hcaptcha, recaptcha) or nothing (off).",
    )
    challenge_site_key: str = setting(
        "PORTERO_CHALLENGE_SITE_KEY", parsing.text, "", "Site key of the challenge's service."
    )
    challenge_secret: Secret = setting(
        "PORTERO_CHALLENGE_SECRET", parsing.secret, "", "Secret of the challenge's service."
    )
    challenge_url: str = setting(
        "PORTERO_CHALLENGE_URL",
        parsing.service_url,
        "",
        "Where the service is asked (siteverify), if not at its own address.",
    )
