"""A stored password, the outcome of proving one, and the policy for new ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from portero.kit.values import quick_value

# How the hash pool labels what it makes itself. Everything else came from another system.
OWN_SCHEME_PREFIX: Final = "argon2id:"


class CharacterClass(StrEnum):
    """What a composition rule can demand, where an operator must have one."""

    LOWER = "lower"
    UPPER = "upper"
    DIGIT = "digit"
    SYMBOL = "symbol"  # anything that is neither a letter nor a digit


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordPolicy:
    """What a new password must be. The defaults are NIST SP 800-63B-4 §3.1.1.2.

    Lengths are code points after normalisation. `min_length_second_factor` holds where a second
    factor is enforced. `min_score` is zxcvbn's, 0 to 4. The last three rules exist because some
    operators must have them, and are off: NIST advises against all of them.
    """

    min_length: int = 15
    min_length_second_factor: int = 8
    max_length: int = 256
    min_score: int = 2
    product_words: tuple[str, ...] = ("portero",)
    composition: frozenset[CharacterClass] = frozenset()
    max_age_days: int = 0
    history: int = 0


# SP 800-63B-4 §3.2.2: no more consecutive failures than that.
MOST_FAILURES: Final = 100
# Nobody mistypes so often in a row: the owner hears of it, long before the password is shut.
FAILURES_TOLD: Final = 20


@quick_value
class StoredPassword:
    """An account's password as it is kept.

    `scheme` is a label of algorithm and cost (`argon2id:m=19456,t=2,p=1`, `bcrypt:12`): hashes
    with one label take one time. `changed_at` is when the person chose it, `encoded_at` when
    this encoding of it was made. `must_change` means that somebody else chose it, `by_mail` that
    whoever chose it had proven the mailbox and nothing else. `failures` are the wrong tries since
    the last good one, from browsers that the account does not know.
    """

    account_id: str
    encoded: str
    scheme: str
    changed_at: datetime
    encoded_at: datetime
    must_change: bool = False
    by_mail: bool = False
    failures: int = 0

    @property
    def is_shut(self) -> bool:
        """Whether it opens the account in no browser that the account does not know."""
        return self.failures >= MOST_FAILURES

    @property
    def is_own(self) -> bool:
        """Whether Portero made this hash itself, and so hashed the normalised password."""
        return self.scheme.startswith(OWN_SCHEME_PREFIX)


@quick_value
class Verified:
    """What the hash pool found. `outdated` asks for a new encoding; `seconds` is what the check
    itself took, without waiting for its turn."""

    ok: bool
    outdated: bool
    scheme: str
    seconds: float


@quick_value
class Proof:
    """Whether the password was right; `replacement` is its new encoding, when the kept one was
    outdated: store it with `Passwords.replace_in`."""

    ok: bool
    replacement: str | None = None
