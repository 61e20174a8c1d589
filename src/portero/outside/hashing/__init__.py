"""Password hashing: a bounded pool of threads, and every format that Portero can check.

Owns how a password becomes an encoding and back to yes or no, what that may cost, and which
formats of other systems are known (`registry.py`, one module per family). Knows no account and
no policy. `core/factors/password` asks, through its ports.
"""

from portero.core.factors.password.errors import HashQueueFull, UnknownHashFormat
from portero.core.factors.password.model import Verified
from portero.outside.hashing.argon2id import Argon2Params
from portero.outside.hashing.pool import HashPool

__all__ = ["Argon2Params", "HashPool", "HashQueueFull", "UnknownHashFormat", "Verified"]
