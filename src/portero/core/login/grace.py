"""Of whom a second factor is required, and until when enrolling one may be put off."""

from __future__ import annotations

from datetime import datetime

from portero.core.login.model import Facts, Owed, SecondFactorRule, SignInPolicy
from portero.core.sessions.demand import reaches


def is_due(step: Owed | None, facts: Facts, policy: SignInPolicy) -> bool:
    """Whether that step is there because a second factor is required: not because an application
    wants a level, for which nobody has a grace."""
    wanted = reaches(facts.proven.acr, facts.wanted.acr)
    return step is Owed.ENROL_FACTOR and wanted and is_required(facts, policy)


def put_off_until(facts: Facts, policy: SignInPolicy, now: datetime) -> datetime | None:
    """Until when somebody who has to enrol a factor may put it off; None: not any more. Counted
    from when the requirement first met them, whatever happened since."""
    if facts.due is None or not facts.due.grace:
        return None
    until = facts.due.met_at + policy.grace
    return until if now < until else None


def is_required(facts: Facts, policy: SignInPolicy) -> bool:
    """Whether who has no second factor has to enrol one, for everybody or for this client."""
    if policy.second_factor is SecondFactorRule.OFF:
        return False
    return policy.second_factor is SecondFactorRule.REQUIRED or facts.wanted.second_factor
