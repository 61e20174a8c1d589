"""How long a machine runs, and by which seed. Only `make fuzz` takes the time to make a walk that
found something shorter: that needs minutes."""

from __future__ import annotations

import hypothesis
from hypothesis import HealthCheck, Phase

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
