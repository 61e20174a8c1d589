"""How long a machine runs, and by which seed. Only `make fuzz` takes the time to make a walk that
found something shorter: that needs minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase

from tests.support.house import Home

STEPS = 25  # of one example


def settings(*, examples: int, derandomize: bool = True) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        derandomize=derandomize,
        database=None,
        deadline=None,
        phases=[Phase.generate] if derandomize else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def ticking(home: Home) -> Home:
    """Its time is what a machine lets pass, and a millisecond for each look at the clock: how fast
    this computer is must not say whether a token is of 599 or of 600 seconds."""
    clock: Any = home.clock
    start, since = clock.now(), clock.monotonic()

    def passed() -> timedelta:
        clock.let_pass(milliseconds=1)
        span: timedelta = clock.passed
        return span

    clock.now = lambda: start + passed()
    clock.monotonic = lambda: since + passed().total_seconds()
    return home
