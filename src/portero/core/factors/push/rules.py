"""How long a question waits, how often one may be asked, and where messages may go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from portero.core.factors.push.model import Decision, Question
from portero.core.limits import LimitPolicy

# To find the phone, unlock it and look at what is asked. SP 800-63B-4 §3.1.3.2 allows ten minutes;
# the shorter it is, the less is a message worth that somebody else has caused.
LIFETIME: Final = timedelta(minutes=2)
# Within it nothing is sent again: a page that is loaded again.
SENT_AGAIN_AFTER: Final = timedelta(minutes=1)
# One question is one message to each of them.
MOST_DEVICES: Final = 10
# The attack ("push bombing"): whoever has the password asks until the owner gives in. Five in a
# quarter of an hour are enough for an honest day, and few enough to be borne. A
# browser that the account knows has five of its own, so that nobody uses up its owner's.
PUSH_BY_ACCOUNT: Final = LimitPolicy("push_by_account", tries=5, window_seconds=900)
# Whoever is in, and sets a browser up, uses up nothing of what signing in needs; and whoever is at
# the door keeps nobody from it.
PUSH_ENROLMENTS: Final = LimitPolicy("push_enrolments_by_account", tries=10, window_seconds=900)

_LOWEST_NUMBER: Final = 10
_NUMBERS: Final = 90
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def number_of(mac: str) -> str:
    """The two digits that belong to a question, from a MAC of its id: from 10 to 99, so that nobody
    wonders about a zero in front."""
    return str(_LOWEST_NUMBER + int(mac[:16], 16) % _NUMBERS)


def typed_number(text: str) -> str:
    """The number in what somebody typed; '' for none."""
    digits = "".join(text[:16].split())
    return digits if len(digits) == 2 and digits.isascii() and digits.isdecimal() else ""


def waits(question: Question, now: datetime) -> bool:
    return question.decision is Decision.WAITING and question.expires_at > now


def is_told_again(question: Question, subject: str, now: datetime) -> bool:
    """Whether the question before stands for one that is asked anew."""
    good = question.decision in (Decision.WAITING, Decision.APPROVED)
    fresh = now - question.asked_at < SENT_AGAIN_AFTER
    return question.subject == subject and good and fresh


@dataclass(frozen=True, slots=True)
class PushServices:
    """The hosts that messages are sent to; `*.` in front stands for one label or more. The address
    of a subscription comes from a page, and is called from inside: it leads nowhere else.
    `loopback` is for development."""

    hosts: Sequence[str]
    loopback: bool = False

    def serves(self, endpoint: str) -> bool:
        try:
            parts = urlsplit(endpoint)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        odd = parts.username is not None or parts.password is not None or "#" in endpoint
        if odd or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
            return False
        if self.loopback and host in _LOOPBACK:
            return parts.scheme in ("http", "https")
        return parts.scheme == "https" and port in (None, 443) and self._lists(host)

    def _lists(self, host: str) -> bool:
        return any(
            host.endswith(each[1:]) if each.startswith("*.") else host == each
            for each in self.hosts
        )
