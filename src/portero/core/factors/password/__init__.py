"""Passwords: which are good enough, how they are kept, and whether one was typed right.

Owns the tables `passwords` and `password_history`, the policy and the even timing of a failed
proof. Does not know how hashing works (`outside/hashing`, through `ports.py`), who may try how
often (`core/limits`), nor what follows from a proof: `core/login`, registration and the account
pages call the verbs in `flows.py`, and record this room's events in their own transaction.
"""

from portero.core.factors.password.errors import HashQueueFull, UnknownHashFormat, WeakPassword
from portero.core.factors.password.flows import Passwords
from portero.core.factors.password.model import (
    CharacterClass,
    PasswordPolicy,
    Proof,
    StoredPassword,
    Verified,
)

__all__ = [
    "CharacterClass",
    "HashQueueFull",
    "PasswordPolicy",
    "Passwords",
    "Proof",
    "StoredPassword",
    "UnknownHashFormat",
    "Verified",
    "WeakPassword",
]
