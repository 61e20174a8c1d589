"""A policy, and the refusal of one try too many."""

from __future__ import annotations

from portero.kit.refusals import Limited
from portero.kit.values import quick_value


@quick_value
class LimitPolicy:
    """At most `tries` in a window of `window_seconds`, which begins with its first try."""

    name: str
    tries: int
    window_seconds: int


@quick_value
class AddressPolicy(LimitPolicy):
    """Its subject is a client's address. All addresses of one network together may have
    `network_factor` times as many tries: less where each try costs money, or a row for ever."""

    network_factor: int = 4

    def of_network(self) -> LimitPolicy:
        """The policy of the network; it has a name of its own, by which it may be set."""
        return LimitPolicy(
            f"{self.name}_network", self.tries * self.network_factor, self.window_seconds
        )


@quick_value
class VolumePolicy(LimitPolicy):
    """Of what succeeds, and counted in each process by itself (`volume.py`)."""


class OverLimit(Limited):
    """The policy's tries are spent; `retry_after_seconds` says when the window ends, `is_first`
    that this is the first try in it that was refused."""

    public = "Too many tries."

    def __init__(
        self, detail: str, *, policy: LimitPolicy, is_first: bool, retry_after_seconds: int
    ) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
        self.policy = policy
        self.is_first = is_first

    @property
    def limit(self) -> str:
        return self.policy.name
