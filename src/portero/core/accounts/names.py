"""The one normalisation of usernames and mail addresses: when two spellings are one name.

A username follows PRECIS UsernameCaseMapped (RFC 8265 §3.3), with NFKC first and the checks after
it, so that a full-width at sign is judged as the @ that it becomes. Stricter than the RFC: no @ (a
name never looks like a mail address), no joiners or other invisible characters, no mixture of
scripts that can be taken for one another (UTS 39 §5.2, highly restrictive), one kind of digits.
Names that look alike within one script, or as a whole in two, are not found here.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from portero.core.accounts import precis
from portero.kit.refusals import FieldFault, Invalid
from portero.kit.values import quick_value

USERNAME_MAX: Final = 64  # code points, after normalisation; the column's width
_RAW_MAX: Final = 256  # code points; NFKC can make 18 out of one
_MAIL_MAX: Final = 254  # octets; RFC 5321 §4.5.3.1.3 less the angle brackets
_LOCAL_MAX: Final = 64  # octets; RFC 5321 §4.5.3.1.1
_MAIL_KEY_MAX: Final = 320  # code points; the column's width (case folding can lengthen)
# One round is nearly always the last; RFC 8264 §7 asks to repeat until nothing changes.
_ROUNDS: Final = 4
# Nearly every name. The rules leave it as it is, so it need not be walked through them.
_PLAIN: Final = re.compile(rf"[A-Za-z0-9._-]{{1,{USERNAME_MAX}}}")


class InvalidUsername(Invalid):
    """The text can't be a username; the fault says why."""

    code = "invalid_username"
    public = "This username can't be used."


class InvalidEmail(Invalid):
    """The text is no mail address; the fault says why."""

    code = "invalid_email"
    public = "This is not a mail address."


@quick_value
class Username:
    """`display` keeps the capitals that were chosen; names are unique by `key`."""

    display: str
    key: str


@dataclass(frozen=True, slots=True)
class Email:
    """`display` is the address to send to; addresses are unique by `key`."""

    display: str
    key: str


def normalised_username(text: str, *, field: str = "username") -> Username:
    """The name in its two forms, or `InvalidUsername`. Idempotent on both forms."""
    if _PLAIN.fullmatch(text):
        return Username(text, text.lower())
    return _by_rules(text, field)


def _by_rules(text: str, field: str) -> Username:
    if not text:
        raise _no_username(field, "required", "Choose a username.")
    if len(text) > _RAW_MAX:
        raise _too_long(field)
    display = unicodedata.normalize("NFKC", text)
    key = _stable_key(display)
    for form in (key, display):
        if not form or len(form) > USERNAME_MAX:
            raise _too_long(field)
        if reason := _unfit(form):
            raise _no_username(field, *reason)
    return Username(display, key)


def email_key(text: str, *, field: str = "email") -> Email:
    """The address in its two forms, or `InvalidEmail`. Asks no name server.

    Upper and lower case are one address for the key alone: RFC 5321 §2.4 lets a server tell them
    apart, hardly one does, and two accounts for Ana@ and ana@ would be one person's. Case folding
    also joins a few letters (U+017F and s, ß and ss), so mail must always go to the `display` that
    an account has stored, never to the text that somebody typed to find it.
    """
    given = text.strip(" ")
    if not given:
        raise _no_email(field, "required", "Give a mail address.")
    if len(given.encode("utf-8", "surrogatepass")) > _MAIL_MAX:
        raise _no_email(field, "too_long", "This is too long for a mail address.")
    # CR and LF would begin a new header in a mail (CWE-93); invisible ones forge a look-alike.
    if any(
        unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
        or precis.is_ignorable(char)
        for char in given
    ):
        raise _no_email(
            field, "has_hidden_characters", "A mail address has no spaces or invisible characters."
        )
    from email_validator import EmailNotValidError, validate_email

    try:
        found = validate_email(given, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise _no_email(
            field, "not_an_address", "Give a mail address such as name@example.org."
        ) from error
    local = unicodedata.normalize("NFC", found.local_part.casefold())
    key = f"{local}@{found.ascii_domain.lower()}"
    if len(found.local_part.encode()) > _LOCAL_MAX or len(key) > _MAIL_KEY_MAX:
        raise _no_email(field, "too_long", "This is too long for a mail address.")
    return Email(display=found.normalized, key=key)


def _stable_key(display: str) -> str:
    """Width, case and composition mapped, until mapping again changes nothing."""
    key = display
    for _ in range(_ROUNDS):
        # lower() and not casefold(): the RFC's toLowerCase, which also ends Greek words with ς.
        mapped = unicodedata.normalize("NFKC", key).lower()
        mapped = unicodedata.normalize("NFC", mapped)
        if mapped == key:
            break
        key = mapped
    return key


def _unfit(name: str) -> tuple[str, str] | None:
    """Code and sentence of the first thing wrong with a normalised name."""
    if "@" in name:
        return "has_at_sign", "A username has no @ in it."
    if any(char.isspace() for char in name):
        return "has_space", "A username has no spaces in it."
    if any(precis.is_ignorable(char) for char in name):
        return "has_hidden_characters", "A username has no invisible characters."
    if unicodedata.category(name[0]).startswith("M"):
        return "character_not_allowed", "A username can't begin with an accent."
    for index in range(len(name)):
        if not precis.is_allowed(name, index):
            return "character_not_allowed", "A username is made of letters, digits and - . _ signs."
    if not precis.obeys_bidi(name):
        return "mixed_directions", "A username is written in one direction."
    if not precis.is_single_script(name):
        return "mixed_scripts", "A username doesn't mix alphabets that look alike."
    return None


def _too_long(field: str) -> InvalidUsername:
    fault = FieldFault(
        field, "too_long", "A username has 64 characters at most.", {"longest": USERNAME_MAX}
    )
    return InvalidUsername(faults=(fault,))


def _no_username(field: str, code: str, public: str) -> InvalidUsername:
    return InvalidUsername(faults=(FieldFault(field, code, public),))


def _no_email(field: str, code: str, public: str) -> InvalidEmail:
    return InvalidEmail(faults=(FieldFault(field, code, public),))
