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
    """The policy's tries are spent; `retry_after_seconds` says when the window ends."""
