"""The `[authorization_details]` table of portero.toml: what clients may ask for beyond scopes.

[authorization_details.payment]
label = "Pay from your account"

[authorization_details.payment.fields.currency]
type = "string"
values = ["EUR", "USD"]
required = true
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from portero.protocol.oauth.detail_types import (
    AuthorizationDetailType,
    DetailField,
    FieldKind,
)
from portero.settings.errors import SettingsError

# RFC 9396 §2.1 recommends URIs for types that others know. What is in neither pattern can't get
# into an error description (RFC 6749 §5.2) or a log.
_TYPE: Final = re.compile(r"[A-Za-z0-9._~:/-]{1,128}")
_FIELD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_KNOWN: Final = {"label", "fields"}
_KNOWN_OF_FIELD: Final = {"type", "values", "required"}
_TABLE: Final = "authorization_details"
_MAX_LABEL_LENGTH: Final = 200


def authorization_details(table: object) -> dict[str, AuthorizationDetailType]:
    """Each type, by name."""
    if not isinstance(table, Mapping):
        raise SettingsError(_TABLE, f"[{_TABLE}] in portero.toml must be a table.")
    return {str(name): _type(str(name), given) for name, given in table.items()}


def _type(name: str, given: object) -> AuthorizationDetailType:
    key = f"{_TABLE}.{name}"
    if not _TYPE.fullmatch(name):
        raise SettingsError(key, f"{key} must be named in letters, digits and . _ ~ : / - only.")
    if not isinstance(given, Mapping) or not set(given) <= _KNOWN:
        raise SettingsError(key, f"{key} must be a table of {', '.join(sorted(_KNOWN))}.")
    label, fields = given.get("label"), given.get("fields", {})
    if not isinstance(label, str) or not 0 < len(label) <= _MAX_LABEL_LENGTH:
        raise SettingsError(key, f"{key}.label must be the sentence that people consent to.")
    if not isinstance(fields, Mapping):
        raise SettingsError(key, f"{key}.fields must be a table.")
    read = {str(field): _field(f"{key}.fields", str(field), fields[field]) for field in fields}
    return AuthorizationDetailType(name, label, read)


def _field(place: str, name: str, given: object) -> DetailField:
    key = f"{place}.{name}"
    if not _FIELD.fullmatch(name) or name == "type":
        raise SettingsError(
            key, f"{key} must be named in ASCII letters, digits and underscores, and not type."
        )
    if not isinstance(given, Mapping) or not set(given) <= _KNOWN_OF_FIELD:
        raise SettingsError(key, f"{key} must be a table of {', '.join(sorted(_KNOWN_OF_FIELD))}.")
    kind = given.get("type", "string")
    if kind not in [known.value for known in FieldKind]:
        raise SettingsError(key, f"{key}.type must be one of {', '.join(FieldKind)}.")
    values, required = given.get("values", []), given.get("required", False)
    if not isinstance(values, list) or not all(isinstance(one, str) and one for one in values):
        raise SettingsError(key, f"{key}.values must be a list of texts.")
    if values and kind not in {FieldKind.STRING, FieldKind.STRINGS}:
        raise SettingsError(key, f"{key}.values belongs to the types string and strings.")
    if not isinstance(required, bool):
        raise SettingsError(key, f"{key}.required must be true or false.")
    return DetailField(FieldKind(kind), tuple(values), required)
