"""The one table of settings. A row is a field of `Settings`: its key, parser, default and meaning.

`portero settings`, the reference page, the loader and the type checker all read these rows, so a
setting can't exist for one of them and not for another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from portero.core.accounts.profile import AttributeRule
from portero.kit.branding import Branding
from portero.kit.secrets import MASK, Secret
from portero.protocol.oauth.detail_types import AuthorizationDetailType
from portero.protocol.oauth.scope_meanings import Scope
from portero.settings import parsing
from portero.settings.rows import Declared, Effective
from portero.settings.table.looks import LooksSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Settings(LooksSettings):
    """Every setting, typed. `database_url` is secret because it may hold a password.

    `notes` are sentences that the operator should read at the start. `development` is decided
    here and nowhere else: the issuer and every bound address are loopback, and no proxy is
    trusted.
    """

    attributes: Mapping[str, AttributeRule]
    authorization_details: Mapping[str, AuthorizationDetailType]
    branding: Branding
    scopes: Mapping[str, Scope]
    development: bool
    notes: tuple[str, ...]
    sources: Mapping[str, str]

    def effective(self) -> list[Effective]:
        """Every setting as it is in force, in the order of the table, safe to print."""
        shown = [
            Effective(row.key, _shown(row, getattr(self, row.field)), source, row.meaning)
            for row in DECLARED
            for source in [self.sources[row.field]]
        ]
        return [
            *shown,
            Effective(
                "[attributes]",
                ", ".join(self.attributes),
                "portero.toml" if self.attributes else "default",
                "Free attributes of accounts, declared in portero.toml only.",
            ),
            Effective(
                "[authorization_details]",
                ", ".join(self.authorization_details),
                "portero.toml" if self.authorization_details else "default",
                "What clients may ask for beyond scopes (RFC 9396), declared in portero.toml only.",
            ),
            Effective(
                "[brands]",
                ", ".join(self.branding.clients),
                "portero.toml" if self.branding.clients else "default",
                "How pages look for single clients, declared in portero.toml only.",
            ),
            Effective(
                "[scopes]",
                ", ".join(self.scopes),
                "portero.toml" if self.scopes else "default",
                "What the operator's scopes mean, declared in portero.toml only.",
            ),
        ]


def _shown(row: Declared, value: object) -> str:
    if row.field == "database_url":
        return _masked_url(cast(Secret, value))
    match value:
        case bool():
            return "on" if value else "off"
        case None:
            return ""
        case Secret():
            return MASK if value else ""
        case tuple():
            return ",".join(MASK if isinstance(item, Secret) else str(item) for item in value)
    return str(value)


def _rows() -> tuple[Declared, ...]:
    secret = {parsing.secret, parsing.secrets}
    return tuple(
        Declared(
            field=row.name,
            key=row.metadata["key"],
            read=row.metadata["read"],
            default=row.metadata["default"],
            meaning=row.metadata["meaning"],
            secret=row.metadata["read"] in secret or row.name == "database_url",
        )
        for row in dataclasses.fields(Settings)
        if "key" in row.metadata
    )


DECLARED: Final = _rows()
BY_KEY: Final[Mapping[str, Declared]] = MappingProxyType({row.key: row for row in DECLARED})

# Where the TOML file is can't stand in the TOML file, so it is no row of the table.
CONFIG_KEY: Final = "PORTERO_CONFIG"
CONFIG_MEANING: Final = "Path of the TOML file (default: portero.toml in the working directory)."


def _masked_url(url: Secret) -> str:
    """The database URL with every password in it as ***."""
    head, mark, rest = url.reveal().partition("://")
    rest, mark_of_query, query = rest.partition("?")
    rest += mark_of_query + "&".join(map(_masked_parameter, query.split("&")))
    login, at, tail = rest.rpartition("@")
    if at and ":" in login and not rest.startswith("/"):
        login = f"{login.partition(':')[0]}:{MASK}"
    return f"{head}{mark}{login}{at}{tail}"


def _masked_parameter(text: str) -> str:
    name, equals, value = text.partition("=")
    is_secret = any(word in name.lower() for word in ("password", "passfile", "sslkey"))
    return name + equals + (MASK if is_secret else value)
