"""An index's holder, the list's times, and the list as it is served."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from portero.kit.values import quick_value

# How long a token's bit outlives its `exp`: a guard accepts a little lateness, and clocks differ.
SLACK: Final = timedelta(minutes=5)
# How long a process may take indices from a block. What it has not used by then is wasted, until
# the block is free again.
USE: Final = timedelta(minutes=10)
# A list that can't be replaced by a newer one serves on for so long. A guard may want it shorter.
_LIFETIME_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class StatusTimes:
    """`interval_seconds` is promised: a revoked token is refused by every guard within it. Half
    of it a list is kept here, and half of it a guard keeps what it fetched."""

    access_seconds: int
    interval_seconds: int

    @property
    def ttl_seconds(self) -> int:
        return (self.interval_seconds + 1) // 2

    @property
    def kept_seconds(self) -> int:
        """Never longer than the ttl: a guard that comes back is then never given an older list
        than it has, whichever process answers."""
        return self.interval_seconds - self.ttl_seconds

    @property
    def lifetime_seconds(self) -> int:
        return max(_LIFETIME_SECONDS, 2 * self.interval_seconds)

    @property
    def block_lifetime(self) -> timedelta:
        """From the lease of a block until its indices may mean other tokens: the last token of it
        has expired, and so has every list that could call it revoked."""
        return USE + timedelta(seconds=self.access_seconds + self.lifetime_seconds) + SLACK


@quick_value
class Holder:
    """The person's token that an index means. `session_id` is the session that the token names;
    '' when it outlives its session."""

    account_id: str
    grant_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class SignedList:
    """The list as a compact JWS; `fresh_seconds`: for so long nobody needs to ask again."""

    jws: str
    etag: str
    fresh_seconds: int
