"""What a new password must be, as decisions over texts. NIST SP 800-63B-4 §3.1.1.2."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from portero.core.factors.password.model import CharacterClass, PasswordPolicy, StoredPassword
from portero.core.factors.password.tracks import is_well_trodden
from portero.kit.refusals import FieldFault

# zxcvbn's time grows faster than its input: 15 ms at 100 characters. Its authors' own bound.
STRENGTH_CHARS: Final = 100
# Longer than any password that may be set, so that imported ones still work; more is hashed by
# nobody (a megabyte of password is a denial of service).
MAX_TYPED_CHARS: Final = 1024
# A context word shorter than this is in too many honest sentences.
_CONTEXT_WORD_CHARS: Final = 3
# What must remain of letters and digits once the context words are taken out: as much as NIST
# asks of any password. "alice-portero-2026" keeps four, "alice met a walrus" keeps plenty.
_CONTEXT_REST_CHARS: Final = 8


def normalised(password: str) -> str:
    """NFC, and nothing else: case and spaces are the person's own. The one normalisation, before
    every rule and before Portero's own hash, so that no keyboard locks anybody out."""
    return unicodedata.normalize("NFC", password)


def is_text(password: str) -> bool:
    """Whether it can be encoded: JSON lets lone surrogates through, which no hash takes."""
    return password.isascii() or not any("\ud800" <= char <= "\udfff" for char in password)


def is_provable(password: str) -> bool:
    """Whether it can be anybody's password at all; others are refused without a real check."""
    return len(password) <= MAX_TYPED_CHARS and is_text(password)


def length_faults(
    text: str, policy: PasswordPolicy, *, second_factor: bool, field: str
) -> list[FieldFault]:
    least = policy.min_length_second_factor if second_factor else policy.min_length
    least = min(least, policy.min_length)
    if len(text) < least:
        public = "Use at least %(min)s characters. A sentence is easy to remember."
        return [FieldFault(field, "too_short", public, {"min": least})]
    if len(text) > policy.max_length:
        public = "Use at most %(max)s characters."
        return [FieldFault(field, "too_long", public, {"max": policy.max_length})]
    return []


def composition_faults(text: str, policy: PasswordPolicy, *, field: str) -> list[FieldFault]:
    missing = sorted(policy.composition - {_class_of(char) for char in text})
    if not missing:
        return []
    public = "Use characters of each kind that is asked for."
    return [FieldFault(field, "composition", public, {"missing": ",".join(missing)})]


def context_words(context: Sequence[str], policy: PasswordPolicy) -> tuple[str, ...]:
    """The words that say who and where: name, mail address and its parts, product. Longest first,
    so that taking them out leaves no crumbs of a longer one."""
    found: set[str] = set()
    for value in (*context, *policy.product_words):
        folded = normalised(value).casefold().strip()
        local, at, domain = folded.rpartition("@")
        whole = (folded, local, domain) if at else (folded,)
        found.update(whole, re.split(r"[\W_]+", folded))
    long_enough = [word for word in found if len(word) >= _CONTEXT_WORD_CHARS]
    return tuple(sorted(long_enough, key=lambda word: (-len(word), word)))


def context_faults(text: str, words: Sequence[str], *, field: str) -> list[FieldFault]:
    """Refuse what is little more than names. A name inside a longer sentence is fine: NIST asks
    to compare the entire password, not its parts."""
    rest = text.casefold()
    for word in words:
        rest = rest.replace(word, " ")
    if rest == text.casefold() or sum(map(str.isalnum, rest)) >= _CONTEXT_REST_CHARS:
        return []
    public = "Do not build the password from your name, your address or ours."
    return [FieldFault(field, "contains_context", public)]


def strength_faults(
    text: str, words: Sequence[str], policy: PasswordPolicy, *, field: str
) -> list[FieldFault]:
    """Common: a dictionary of zxcvbn (30,000 common passwords, words, names) holds it whole, or it
    is one of the long ones that no dictionary has. Guessable: its estimate is under the policy's
    score."""
    common = FieldFault(field, "common", "Many people use this password. Choose one of your own.")
    if is_well_trodden(text):
        return [common]
    # Imported here: loading it takes longer than the rest of the start together.
    from zxcvbn_rs_py import Warning as Hint
    from zxcvbn_rs_py import zxcvbn

    # These four are given only when one dictionary word is the whole password, as it is written
    # or in another case; swapped letters and parts of it get other warnings.
    whole_match = (
        Hint.ThisIsATop10Password,
        Hint.ThisIsATop100Password,
        Hint.ThisIsACommonPassword,
        Hint.AWordByItselfIsEasyToGuess,
    )
    estimate = zxcvbn(text[:STRENGTH_CHARS], list(words))
    warning = estimate.feedback.warning if estimate.feedback is not None else None
    if warning is not None and len(text) <= STRENGTH_CHARS and warning in whole_match:
        return [common]
    if int(estimate.score) < policy.min_score:
        public = "This is easy to guess. Add a few unrelated words."
        return [FieldFault(field, "guessable", public)]
    return []


def is_expired(stored: StoredPassword, policy: PasswordPolicy, now: datetime) -> bool:
    """The optional rotation rule; off (0 days) by default, as NIST advises."""
    if policy.max_age_days <= 0:
        return False
    return now - stored.changed_at >= timedelta(days=policy.max_age_days)


def _class_of(char: str) -> CharacterClass:
    if char.isdigit():
        return CharacterClass.DIGIT
    if char.isalpha():
        # A letter without case (most scripts) counts as lower: it must not be refused twice.
        return CharacterClass.UPPER if char.isupper() else CharacterClass.LOWER
    return CharacterClass.SYMBOL
