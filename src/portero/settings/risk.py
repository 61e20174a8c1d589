"""What the files that sign-ins are judged by must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from portero.core.risk import BadRules, RuleBook, rulebook
from portero.settings.errors import SettingsError


def rules(v: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    for field in ("risk_rules", "anonymising_networks"):
        key = f"PORTERO_{field.upper()}"
        broken = v[field] is not None and not v[field].is_file()
        yield (key, broken, f"{key} names {v[field]}, which is no file.")
    if v["risk_rules"] is not None:
        read_rules(v["risk_rules"])


def read_rules(path: Path, key: str = "PORTERO_RISK_RULES") -> RuleBook:
    """Raises `SettingsError`, which says what is wrong in which rule."""
    try:
        return rulebook(path.read_text("utf-8"))
    except (OSError, UnicodeError) as error:
        raise SettingsError(key, f"{key}: {path} can't be read: {error}.") from None
    except BadRules as error:
        raise SettingsError(key, f"{key}: {path}: {error}.") from None
