"""Judging a sign-in by the rules that are in force."""

from __future__ import annotations

from portero.core.risk import rules
from portero.core.risk.model import Known, Observed, RuleBook, Second, Signal, Spot, Verdict
from portero.core.risk.ports import Networks, Places


class Judge:
    """Without `places` nobody is anywhere, without `networks` no address is anonymous: those
    signals are never on. `is_asked` is off where no answer but "allow" can come of the others, and
    then nothing needs to be gathered."""

    def __init__(
        self, book: RuleBook, places: Places | None = None, networks: Networks | None = None
    ) -> None:
        self._book = book
        self._places = places
        self._networks = networks
        self.is_asked = rules.can_matter(book, self.available())
        self.can_deny = rules.can_deny(book, self.available())

    def available(self) -> frozenset[Signal]:
        """The signals that can be on in this house."""
        found = {Signal.NEW_DEVICE, Signal.STUFFING_ALARM, Signal.UNUSUAL_HOUR}
        if self._places is not None:
            found |= {Signal.NEW_COUNTRY, Signal.IMPOSSIBLE_TRAVEL}
        if self._networks is not None:
            found.add(Signal.ANONYMOUS_NETWORK)
        return frozenset(found)

    def observe(self, known: Known) -> Observed:
        networks = self._networks
        return rules.observed(
            now=known.now,
            device_known=known.device_known,
            stuffing=known.stuffing,
            is_anonymous=networks is not None and networks.holds(known.address),
            here=self._spot(known.address),
            earlier=[(each.at, self._spot(each.address)) for each in known.earlier],
            is_lost=known.is_lost,
        )

    def verdict(self, observed: Observed, second: Second) -> Verdict:
        return rules.verdict(self._book, observed.signals, second)

    def _spot(self, address: str) -> Spot | None:
        return None if self._places is None else self._places.spot_of(address)
