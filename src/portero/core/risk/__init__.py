"""Risk: what is unusual about a sign-in, and what the operator's rules make of it.

Owns the signals, the rule file and its built-in default, the sum of points and the answer, and the
events that keep how it came about. Owns no table and no step: `core/login` gathers what is known
when the first proof is right, asks once, and owes or refuses what the answer says.
"""

from portero.core.risk.flows import Judge
from portero.core.risk.model import (
    Answer,
    Known,
    RuleBook,
    Second,
    Seen,
    Signal,
    Spot,
    Verdict,
)
from portero.core.risk.rulebook import DEFAULT_RULES, BadRules, rulebook

__all__ = [
    "DEFAULT_RULES",
    "Answer",
    "BadRules",
    "Judge",
    "Known",
    "RuleBook",
    "Second",
    "Seen",
    "Signal",
    "Spot",
    "Verdict",
    "rulebook",
]
