"""A policy, and the refusal of one try too many."""

from __future__ import annotations

from dataclasses import dataclass

from portero.kit.refusals import Limited


@dataclass(frozen=True, slots=True)
class LimitPolicy:
    """At most `tries` in a window of `window_seconds`, which begins with its first try."""

    name: str
    tries: int
    window_seconds: int


class OverLimit(Limited):
    """The policy's tries are spent; `retry_after_seconds` says when the window ends, `is_first`
    that this is the first try in it that was refused."""

    def __init__(
        self, detail: str, *, limit: str, is_first: bool, retry_after_seconds: int
    ) -> None:
        super().__init__(detail, retry_after_seconds=retry_after_seconds)
        self.limit = limit
        self.is_first = is_first
