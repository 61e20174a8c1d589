"""How long a failed proof takes, whatever hash the account has, or if there is no account.

The attack: a wrong password for an account with an imported scrypt hash takes 60 ms, for one with
our argon2id 20 ms, for nobody's name something else; so an outsider learns who exists, and whose
account was never used since the import. The answer: every failure lasts as long as the slowest
verifier still in use. The wait is outside the hash pool, and costs no CPU.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from portero.kit.values import quick_value

# Weights of a new measurement, as in RFC 6298 §2: a smoothed mean and its deviation.
_MEAN_WEIGHT: Final = 1 / 8
_DEVIATION_WEIGHT: Final = 1 / 4
# The first measurement stands alone; suppose that the next ones differ by this share of it.
_FIRST_DEVIATION: Final = 1 / 8
_DEVIATIONS: Final = 2
# Room for what an answer takes besides: a dozen statements and the commit.
_BESIDES_SECONDS: Final = 0.05
# A machine that stalls must not make every failed login last for minutes.
_CEILING_SECONDS: Final = 5.0
# How long the list of schemes in use is trusted. An import by another process shows within it.
_TRUSTED_SECONDS: Final = 60.0
# The same when a scheme could not be measured, because the hash queue was full.
_UNMEASURED_SECONDS: Final = 1.0


@quick_value
class Cost:
    """What checking one scheme takes in this process, in seconds."""

    mean: float
    deviation: float

    @property
    def upper(self) -> float:
        """What nearly every check stays under."""
        return min(self.mean + _DEVIATIONS * self.deviation, _CEILING_SECONDS)

    def and_then(self, seconds: float) -> Cost:
        deviation = self.deviation + _DEVIATION_WEIGHT * (abs(seconds - self.mean) - self.deviation)
        return Cost(self.mean + _MEAN_WEIGHT * (seconds - self.mean), deviation)


class EvenTime:
    """Keeps the cost of each scheme and says how long a failure has to last."""

    def __init__(self, *, monotonic: Callable[[], float], current_scheme: str) -> None:
        self._monotonic = monotonic
        self._current = current_scheme
        # Written without a lock: a lost measurement among parallel ones changes nothing.
        self._costs: dict[str, Cost] = {}
        self._in_use: frozenset[str] = frozenset({current_scheme})
        self._trusted_until: float | None = None
        self._looking = threading.Lock()

    def note(self, scheme: str, seconds: float) -> None:
        """A check took that long."""
        known = self._costs.get(scheme)
        first = Cost(seconds, seconds * _FIRST_DEVIATION)
        self._costs[scheme] = first if known is None else known.and_then(seconds)

    def target_seconds(
        self, look: Callable[[], Mapping[str, str]], try_out: Callable[[str], None]
    ) -> float:
        """How long a failure lasts; 0 while only the current scheme is in use.

        `look` answers with the schemes in use and one encoding of each. `try_out` checks such an
        encoding once and notes its cost: for a scheme that this process has not met.
        """
        if self._is_stale() and self._looking.acquire(blocking=self._trusted_until is None):
            try:
                if self._is_stale():  # whoever waited here finds it done
                    self._refresh(look, try_out)
            finally:
                self._looking.release()
        if not self._in_use - {self._current}:
            return 0.0
        costs = [self._costs[scheme].upper for scheme in self._in_use if scheme in self._costs]
        return max(costs, default=0.0)

    def answer_seconds(
        self, look: Callable[[], Mapping[str, str]], try_out: Callable[[str], None]
    ) -> float:
        """Within which nearly every answer to a password is there, a right one's with a new
        encoding in the place of an outdated one too."""
        own = self._costs.get(self._current)
        encoding = own.upper if own is not None else 0.0
        return self.target_seconds(look, try_out) + encoding + _BESIDES_SECONDS

    def distrust(self, scheme: str) -> None:
        """A scheme was met: if the list does not have it, look again at the next failure."""
        if scheme not in self._in_use and self._trusted_until is not None:
            self._trusted_until = self._monotonic()

    def _is_stale(self) -> bool:
        return self._trusted_until is None or self._monotonic() >= self._trusted_until

    def _refresh(
        self, look: Callable[[], Mapping[str, str]], try_out: Callable[[str], None]
    ) -> None:
        found = look()
        for scheme, encoded in found.items():
            if scheme not in self._costs:
                try_out(encoded)
        self._in_use = frozenset(found) | {self._current}
        measured = all(scheme in self._costs for scheme in found)
        trusted_seconds = _TRUSTED_SECONDS if measured else _UNMEASURED_SECONDS
        self._trusted_until = self._monotonic() + trusted_seconds
