"""The `[attributes]` table of portero.toml: the declared schema of free attributes.

[attributes.department]
type = "enum"
values = ["sales", "support"]
required = true
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from portero.core.accounts.profile import AttributeKind, AttributeRule
from portero.protocol.oidc.claims import PROTOCOL_CLAIMS, STANDARD_CLAIMS
from portero.settings.errors import SettingsError

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KNOWN: Final = {"type", "values", "max_length", "required", "owner_editable"}


def attributes(table: object) -> dict[str, AttributeRule]:
    """Each attribute's rule, by name."""
    if not isinstance(table, Mapping):
        raise SettingsError("attributes", "[attributes] in portero.toml must be a table.")
    return {str(name): _rule(str(name), given) for name, given in table.items()}


def _rule(name: str, given: object) -> AttributeRule:
    key = f"attributes.{name}"
    if not _NAME.fullmatch(name):
        raise SettingsError(
            key, f"{key} must be named in lower-case ASCII letters, digits and underscores."
        )
    if name in PROTOCOL_CLAIMS | STANDARD_CLAIMS:
        # Its owner may edit it, and applications would be told it in the place of what is known.
        raise SettingsError(
            key, f"{key} is the name of a claim that is told already: take another."
        )
    if not isinstance(given, Mapping) or not set(given) <= _KNOWN:
        raise SettingsError(key, f"{key} must be a table of {', '.join(sorted(_KNOWN))}.")
    kind = given.get("type", "string")
    if kind not in [known.value for known in AttributeKind]:
        raise SettingsError(key, f"{key}.type must be one of {', '.join(AttributeKind)}.")
    values = given.get("values", [])
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise SettingsError(key, f"{key}.values must be a list of texts.")
    if bool(values) != (kind == AttributeKind.ENUM):
        raise SettingsError(key, f"{key}.values belongs to the type enum, and enum needs it.")
    longest = given.get("max_length", 255)
    if type(longest) is not int or not 1 <= longest <= 4096:
        raise SettingsError(key, f"{key}.max_length must be a whole number from 1 to 4096.")
    return AttributeRule(
        kind=AttributeKind(kind),
        max_length=longest,
        values=tuple(values),
        required=_flag(key, given, "required", default=False),
        owner_editable=_flag(key, given, "owner_editable", default=True),
    )


def _flag(key: str, given: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = given.get(name, default)
    if not isinstance(value, bool):
        raise SettingsError(key, f"{key}.{name} must be true or false.")
    return value
