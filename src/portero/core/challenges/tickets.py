"""The way past a puzzle for a browser without scripts: a ticket that is good after a wait.

A robot can wait too. So that waiting is no cheap way round the work, the calling room counts how
many tickets an address may use, and a ticket is good once, for one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from portero.core.challenges.model import Solved
from portero.kit.secrets import same_secret
from portero.kit.vault import Vault

_PURPOSE: Final = "challenge-ticket"
_PREFIX: Final = "wait"
WAIT_SECONDS: Final = 15
_LIFETIME: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Waited:
    """A ticket of ours, and when it is good."""

    ticket: str
    good_at: datetime
    solved: Solved


class Tickets:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def make(self, about: str, level: int, *, now: datetime) -> str:
        good_at = int((now + timedelta(seconds=WAIT_SECONDS)).timestamp())
        mac = self._vault.mac(_PURPOSE, about, str(level), str(good_at))
        return f"{_PREFIX}.{level}.{good_at}.{mac}"

    def read(self, given: str, about: str, *, now: datetime) -> Waited | None:
        """The ticket, if it was made here for this and is not over."""
        prefix, _, rest = given.partition(".")
        parts = rest.split(".")
        if prefix != _PREFIX or len(parts) != 3 or not _is_number(parts[0], parts[1]):
            return None
        level, good_at, mac = parts
        macs = self._vault.macs(_PURPOSE, about, level, good_at)
        if not any(same_secret(mac, each) for each in macs):
            return None
        starts = datetime.fromtimestamp(int(good_at), UTC)
        if now >= starts + _LIFETIME:
            return None
        solved = Solved(mac, about, int(level), starts + _LIFETIME, by_waiting=True)
        return Waited(given, starts, solved)


def _is_number(*given: str) -> bool:
    return all(each.isascii() and each.isdigit() and len(each) <= 12 for each in given)
