"""Joins what judges sign-ins: the rules, and the operator's files of places and networks."""

from __future__ import annotations

from portero.core.risk import DEFAULT_RULES, Judge, rulebook
from portero.outside.networks import NetworkList
from portero.settings import Settings, SettingsError
from portero.settings.risk import read_rules
from portero.wiring.parts import place_file_of


def judge_of(settings: Settings) -> Judge:
    """Raises `SettingsError` for a file that can't be read."""
    path = settings.risk_rules
    book = rulebook(DEFAULT_RULES) if path is None else read_rules(path)
    return Judge(book, place_file_of(settings), _networks_of(settings))


def _networks_of(settings: Settings) -> NetworkList | None:
    path, key = settings.anonymising_networks, "PORTERO_ANONYMISING_NETWORKS"
    if path is None:
        return None
    try:
        return NetworkList(path)
    except (OSError, ValueError) as error:
        raise SettingsError(key, f"{key}: {path} can't be read: {error}.") from None
