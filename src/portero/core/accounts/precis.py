"""Which characters may stand in a name: IdentifierClass (RFC 8264 §4.2), Bidi Rule, scripts.

Pure, and by the Unicode tables of the running Python: a code point that these do not know is
refused, so that a name never changes its meaning when Python is upgraded. All functions expect
text that is in NFKC already, so "has a compatibility mapping" never arises.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# RFC 8264 §9.11 with RFC 5892 §2.6: allowed and refused whatever their category says.
_ALWAYS: Final = frozenset("\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_NEVER: Final = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
_LETTER_DIGITS: Final = frozenset({"Ll", "Lu", "Lo", "Nd", "Lm", "Mn", "Mc"})  # RFC 8264 §9.1

# Conjoining jamo that no syllable took up (RFC 8264 §9.10).
_OLD_HANGUL: Final = re.compile("[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]")
# Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties) and the noncharacters: a reader
# sees nothing, so "ana" and "ana" could be two accounts.
_IGNORABLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\ufdd0-\ufdef"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)

_ARABIC_DIGITS: Final = re.compile("[\u0660-\u0669]")
_EXTENDED_DIGITS: Final = re.compile("[\u06f0-\u06f9]")

_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_IN_RTL: Final = _RIGHT_TO_LEFT | {"EN", "ES", "CS", "ET", "ON", "BN", "NSM"}

# The first word of a character's name is its script, but for these.
_NO_SCRIPT: Final = frozenset({"COMBINING", "MODIFIER", "VEDIC", "MIDDLE"})
_SCRIPT_OF_WORD: Final = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "EXTENDED": "ARABIC"}
# What East Asian names really mix (UTS 39 §5.2, level "highly restrictive").
_MIXTURES: Final = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)


def is_ignorable(char: str) -> bool:
    """Whether nothing is shown for it."""
    return bool(_IGNORABLE.match(char)) or ord(char) & 0xFFFE == 0xFFFE


def is_allowed(name: str, index: int) -> bool:
    """The derived property of one character is PVALID, or its contextual rule holds
    (RFC 8264 §8). Joiners (CONTEXTJ) count as ignorable and never get here."""
    char = name[index]
    contextual = _in_context(name, index)
    if contextual is not None:
        return contextual
    if char in _ALWAYS or "!" <= char <= "~":
        return True
    if char in _NEVER or _OLD_HANGUL.match(char) or is_ignorable(char):
        return False
    return unicodedata.category(char) in _LETTER_DIGITS


def _in_context(name: str, index: int) -> bool | None:
    """CONTEXTO (RFC 5892 appendix A.3 to A.9); None for a character without such a rule."""
    before, char, after = name[:index][-1:], name[index], name[index + 1 : index + 2]
    match char:
        case "\u00b7":  # middle dot: Catalan, between two l
            return before in {"l", "L"} and after in {"l", "L"}
        case "\u0375":  # Greek keraia: before a Greek letter
            return bool(after) and script_of(after) == "GREEK"
        case "\u05f3" | "\u05f4":  # geresh, gershayim: after a Hebrew letter
            return bool(before) and script_of(before) == "HEBREW"
        case "\u30fb":  # katakana middle dot: with at least one Japanese letter
            return any(
                script_of(other) in {"HIRAGANA", "KATAKANA", "HAN"}
                for other in name
                if other != char
            )
    if _ARABIC_DIGITS.match(char):
        return not _EXTENDED_DIGITS.search(name)
    if _EXTENDED_DIGITS.match(char):
        return not _ARABIC_DIGITS.search(name)
    return None


def obeys_bidi(name: str) -> bool:
    """The Bidi Rule (RFC 5893 §2): a name with right-to-left letters reads in one order only."""
    kinds = [unicodedata.bidirectional(char) for char in name]
    if not _RIGHT_TO_LEFT & set(kinds):
        return True
    if kinds[0] not in {"R", "AL"} or not set(kinds) <= _IN_RTL:
        return False
    while kinds[-1] == "NSM":  # ends: the first kind is none
        kinds.pop()
    return kinds[-1] in {"R", "AL", "EN", "AN"} and not {"EN", "AN"} <= set(kinds)


def is_single_script(name: str) -> bool:
    """One script, or one of the mixtures that East Asian writing is made of; one kind of digits."""
    scripts = {script for char in name if (script := script_of(char))}
    zeros = {ord(char) - unicodedata.decimal(char) for char in name if char.isdecimal()}
    return len(zeros) <= 1 and (
        len(scripts) <= 1 or any(scripts <= mixture for mixture in _MIXTURES)
    )


def script_of(char: str) -> str:
    """The script's name; empty for what every script uses (ASCII digits, signs, plain accents)."""
    if char.isascii() and not char.isalpha():
        return ""
    word = unicodedata.name(char, "").partition(" ")[0].partition("-")[0]
    return "" if word in _NO_SCRIPT else _SCRIPT_OF_WORD.get(word, word)
