"""What a profile may say: each field of a PATCH checked by name, nothing assigned in passing.

Pure rules. Accepts `display_name`, `locale`, `zoneinfo`, `phone`, `picture` and `attributes`; any
other key is a fault, so that no caller can set a state, a verified flag or a name through it.
Babel, which is heavy, is imported when first needed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, TypeAlias

from portero.core.accounts.model import Account
from portero.core.accounts.phones import InvalidPhone, e164
from portero.kit.refusals import FieldFault, Invalid
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.uris import parse_uri

DISPLAY_NAME_MAX: Final = 200  # code points; the column's width
LOCALE_MAX: Final = 35  # characters; RFC 5646 §4.4.1
_EXACT_INTEGER: Final = 2**53 - 1  # what every JSON reader keeps exactly (RFC 8259 §6)
_NAME_SHOWN: Final = 64  # characters of an unknown key that are told back

_LETTERS_AND_DASHES: Final = re.compile(r"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
# ZWNJ and ZWJ: Persian and Indic names and emoji need them. Other format characters turn text
# around or hide it (CVE-2021-42574).
_JOINERS: Final = "\u200c\u200d"
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})


class InvalidProfile(Invalid):
    """Some fields of the profile were not accepted."""

    code = "invalid_profile"


class AttributeKind(StrEnum):
    STRING = "string"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    ENUM = "enum"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeRule:
    """How one free attribute is declared. `max_length` counts the code points of a string;
    `values` are those of an enum."""

    kind: AttributeKind
    max_length: int = 255
    values: tuple[str, ...] = ()
    required: bool = False
    owner_editable: bool = True

    @property
    def choices(self) -> list[tuple[str, str]]:
        """An enum's values, each with what it is called."""
        return [(value, value) for value in self.values]


AttributeSchema: TypeAlias = Mapping[str, AttributeRule]


class _Unfit(Exception):
    """A value was not accepted: code and sentence of the fault to be."""

    def __init__(self, code: str, public: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.public = public
        self.values = values

    def fault(self, name: str) -> FieldFault:
        return FieldFault(name, self.code, self.public, self.values)


def accepted_profile(
    patch: Mapping[str, object],
    *,
    account: Account | None,
    schema: AttributeSchema,
    by_owner: bool,
) -> dict[str, Any]:
    """The column values that `patch` asks for, or `InvalidProfile` with one fault per bad field.

    `null` clears a field (RFC 7396 §2). `account` is the one to change, read in the transaction
    that writes it, because attributes are merged into its own; None while it is created: then the
    required attributes are demanded. A phone number that changes is unverified again.
    """
    columns: dict[str, Any] = {}
    faults: list[FieldFault] = []
    for name, value in patch.items():
        if name == "attributes":
            continue
        try:
            columns[name] = _field(name, value)
        except _Unfit as unfit:
            faults.append(unfit.fault(name[:_NAME_SHOWN]))
    if "phone" in columns and (account is None or columns["phone"] != account.phone):
        columns["phone_verified"] = False
    if "attributes" in patch or account is None:
        columns["attributes"], unfit_ones = _attributes(
            patch.get("attributes", {}), account=account, schema=schema, by_owner=by_owner
        )
        faults += unfit_ones
    if faults:
        raise InvalidProfile(faults=tuple(faults))
    return columns


def _field(name: str, value: object) -> str:
    check = _FIELDS.get(name)
    if check is None:
        raise _Unfit("unknown", "There is no such field.")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unfit("not_text", "Give a text.")
    return check(value) if value else ""


def _display_name(given: str) -> str:
    name = unicodedata.normalize("NFC", given).strip()
    _readable(name, DISPLAY_NAME_MAX)
    return name


def _locale(given: str) -> str:
    """A language tag (BCP 47) of a language that Babel knows, in its usual spelling."""
    unfit = _Unfit("not_a_locale", "Give a language tag such as en or pt-BR.")
    if len(given) > LOCALE_MAX or not _LETTERS_AND_DASHES.fullmatch(given):
        raise unfit
    from babel.core import Locale, UnknownLocaleError, parse_locale

    try:
        Locale.parse(given, sep="-")
        language, territory, script, variant, *_ = parse_locale(given, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise unfit from error
    return "-".join(part for part in (language, script, territory, variant) if part)


def _zoneinfo(given: str) -> str:
    if given not in time_zones():
        raise _Unfit("not_a_time_zone", "Give a time zone such as Europe/Madrid.")
    return given


def _phone(given: str) -> str:
    try:
        return e164(given)
    except InvalidPhone as refusal:
        (fault,) = refusal.faults
        raise _Unfit(fault.code, fault.public) from refusal


def _picture(given: str) -> str:
    """An https URL that every reader reads alike. Pages show it as an image, and applications that
    are told it may fetch it: no other scheme may get that far, nor a host in disguise."""
    unfit = _Unfit("not_a_picture_url", "Give an https address of at most 2,048 characters.")
    try:
        scheme = parse_uri(given).scheme
    except Unacceptable as error:
        raise unfit from error
    if scheme != "https":
        raise unfit
    return given


_FIELDS: Final[Mapping[str, Callable[[str], str]]] = {
    "display_name": _display_name,
    "locale": _locale,
    "zoneinfo": _zoneinfo,
    "phone": _phone,
    "picture": _picture,
}


def _attributes(
    given: object, *, account: Account | None, schema: AttributeSchema, by_owner: bool
) -> tuple[dict[str, object], list[FieldFault]]:
    """The whole new column (what is there, with `given` merged in), and the faults."""
    merged = {} if account is None else dict(account.attributes)
    editable = {n: rule for n, rule in schema.items() if rule.owner_editable or not by_owner}
    if given is None:
        given = dict.fromkeys(n for n, rule in editable.items() if not rule.required)
    if not isinstance(given, Mapping):
        return merged, [FieldFault("attributes", "not_an_object", "Give an object.")]
    faults = []
    for name, value in given.items():
        try:
            accepted = _attribute(schema.get(name), value, by_owner=by_owner)
        except _Unfit as unfit:
            faults.append(unfit.fault(f"attributes.{str(name)[:_NAME_SHOWN]}"))
            continue
        merged.pop(name, None)
        if accepted is not None:
            merged[name] = accepted
    if account is None:
        faults += [
            FieldFault(f"attributes.{name}", "required", "This is required.")
            for name, rule in editable.items()  # the others are an operator's to fill in later
            if rule.required and name not in given
        ]
    return merged, faults


def _attribute(rule: AttributeRule | None, value: object, *, by_owner: bool) -> object:
    """The value to keep; None takes the attribute away."""
    if rule is None:
        raise _Unfit("unknown", "There is no such attribute.")
    if by_owner and not rule.owner_editable:
        raise _Unfit("not_editable", "Only an administrator can change this.")
    if value is None:
        if rule.required:
            raise _Unfit("required", "This is required.")
        return None
    match rule.kind:
        case AttributeKind.BOOLEAN:
            if not isinstance(value, bool):
                raise _Unfit("not_a_boolean", "Give true or false.")
        case AttributeKind.INTEGER:
            if type(value) is not int or abs(value) > _EXACT_INTEGER:  # a bool is an int too
                raise _Unfit("not_an_integer", "Give a whole number.")
        case AttributeKind.ENUM:
            if not isinstance(value, str) or value not in rule.values:
                raise _Unfit("not_a_choice", "Choose one of the given values.", of=rule.values)
        case AttributeKind.STRING:
            return _attribute_text(rule, value)
    return value


def _attribute_text(rule: AttributeRule, value: object) -> str:
    if not isinstance(value, str):
        raise _Unfit("not_text", "Give a text.")
    text = unicodedata.normalize("NFC", value)
    _readable(text, rule.max_length)
    if rule.required and not text.strip():
        raise _Unfit("required", "This is required.")
    return text


def _readable(text: str, longest: int) -> None:
    if len(text) > longest:
        raise _Unfit("too_long", "This is too long.", longest=longest)
    if any(unicodedata.category(char) in _HIDDEN and char not in _JOINERS for char in text):
        raise _Unfit("has_hidden_characters", "This holds characters that can't be shown.")


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """The names of the tz database; read from disk once, some 600 small files."""
    from zoneinfo import available_timezones

    return frozenset(available_timezones() - {"localtime", "Factory"})
