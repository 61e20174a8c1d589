"""Authenticators: what an account has enrolled beside its password.

Owns the list (kind, name, when enrolled, when last used), and the words that the factors and the
sign-in share: what a factor is given, and what it proves. Does not know how any of them works: each
factor keeps its secret in a table of its own, which goes with the row here. Called by the factors,
by `core/login`, which asks what a person could prove, and by the account pages.
"""

from portero.core.authenticators.errors import NoSuchAuthenticator
from portero.core.authenticators.flows import Authenticators
from portero.core.authenticators.model import Authenticator, Due, Evidence, FactorKind, Given
from portero.core.authenticators.ports import AnsweredElsewhere, Enrollable, SecondFactor, StillIn

__all__ = [
    "AnsweredElsewhere",
    "Authenticator",
    "Authenticators",
    "Due",
    "Enrollable",
    "Evidence",
    "FactorKind",
    "Given",
    "NoSuchAuthenticator",
    "SecondFactor",
    "StillIn",
]
