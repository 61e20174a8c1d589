"""Every table of every room, found rather than listed, so that none can be forgotten."""

from __future__ import annotations

import importlib
import pkgutil

import sqlalchemy as sa

import portero.core
from portero.kit.db import metadata


def all_tables() -> sa.MetaData:
    """Import each `store` module under `portero.core`, and answer with what they declared."""
    for name in _store_modules():
        importlib.import_module(name)
    return metadata


def _store_modules() -> list[str]:
    def unimportable(name: str) -> None:
        # walk_packages would pass over a room that does not import, and its tables with it.
        raise ImportError(f"{name} could not be imported, so its tables are unknown")

    found = pkgutil.walk_packages(
        portero.core.__path__, prefix=f"{portero.core.__name__}.", onerror=unimportable
    )
    return sorted(room.name for room in found if room.name.rpartition(".")[2] == "store")
