"""Opening the house for one command: settings, wiring, the schema, and closing again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portero.settings import Settings, load

if TYPE_CHECKING:
    from portero.core.accounts.model import Account
    from portero.wiring import House


def read_settings(overrides: Mapping[str, str] | None = None) -> Settings:
    """The settings of this directory and environment; raises `SettingsError`."""
    return load(os.environ, cwd=Path.cwd(), overrides=overrides)


@contextmanager
def opened_house(*, make_current: bool = True) -> Iterator[House]:
    """The house, its connections closed at the end.

    An embedded database is migrated on the way, so that any command may be the first one;
    `make_current` off is for the commands that look after the schema themselves.
    """
    from portero.migrations import starting
    from portero.wiring import join

    house = join(read_settings())
    try:
        if make_current:
            starting.make_current(house.db)
        yield house
    finally:
        house.hasher.close()
        house.db.dispose()


def account_json(account: Account) -> dict[str, Any]:
    """What commands tell of an account."""
    return {
        "id": account.id,
        "username": account.username,
        "email": account.email,
        "email_verified": account.email_verified,
        "state": account.state.value,
        "display_name": account.display_name,
        "locale": account.locale,
        "zoneinfo": account.zoneinfo,
        "phone": account.phone,
        "picture": account.picture,
        "attributes": dict(account.attributes),
        "created_at": account.created_at,
        "updated_at": account.updated_at,
    }
