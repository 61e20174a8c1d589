"""From sources to `Settings`: layers, defaults, parsing, the data directory, the rules.

Order of precedence, weakest first: default, portero.toml, .env, environment, command line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portero.settings import parsing, rules, secret_key
from portero.settings.attributes import attributes
from portero.settings.authorization_details import authorization_details
from portero.settings.brands import branding
from portero.settings.declared import CONFIG_KEY, DECLARED, Settings
from portero.settings.errors import SettingsError
from portero.settings.rows import Declared, Derived
from portero.settings.scopes import scopes
from portero.settings.sources import Given, Layer, env_layer, override_layer, toml_layer

_DATA_DIR_MODE = 0o700  # the database in it holds what nobody else on the machine should read


def load(
    environ: Mapping[str, str], *, cwd: Path, overrides: Mapping[str, str] | None = None
) -> Settings:
    """Read every setting once, or raise `SettingsError` with the first thing that is wrong.

    `overrides` are the command line's, by key as in the environment. Two effects: the data
    directory is made (0700), and on a loopback issuer a missing SECRET_KEY is generated into it.
    """
    cwd = cwd.resolve()
    strong = {**env_layer(environ, cwd=cwd), **override_layer(overrides or {}, cwd=cwd)}
    config = strong[CONFIG_KEY].text if CONFIG_KEY in strong else ""
    weak, tables = toml_layer(config, cwd=cwd)
    given = {**weak, **strong}

    values, sources = _read_all(given, cwd=cwd)
    rules.check(values)
    _ensure_data_dir(values["data_dir"])
    notes = _settle_secret_key(values, sources)
    declared = attributes(tables["attributes"])
    return Settings(
        **values,
        attributes=declared,
        branding=branding(values, tables["brands"], cwd=cwd),
        authorization_details=authorization_details(tables["authorization_details"]),
        scopes=scopes(tables["scopes"], attributes=declared),
        development=rules.is_development(values),
        notes=(*notes, *rules.advice(values)),
        sources=sources,
    )


def _read_all(given: Layer, *, cwd: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Every field's value and source, in the table's order, so that a default may derive."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for row in DECLARED:
        found = given.get(row.key) or _default(row, values)
        if row.field == "issuer" and not found.text:
            raise SettingsError(
                row.key, f"{row.key} must be set: PORTERO_HOST is no loopback address."
            )
        try:
            value = row.read(found.text)
        except parsing.Unparsable as error:
            raise SettingsError(row.key, f"{row.key} must be {error}.") from error
        values[row.field] = cwd / value if isinstance(value, Path) else value
        sources[row.field] = found.source
    return values, sources


def _default(row: Declared, earlier: Mapping[str, Any]) -> Given:
    default = row.default
    return Given(default.of(earlier) if isinstance(default, Derived) else default, "default")


def _ensure_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=_DATA_DIR_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "PORTERO_DATA_DIR", f"PORTERO_DATA_DIR {data_dir} can't be made: {error.strerror}."
        ) from error
    if not os.access(data_dir, os.W_OK | os.X_OK):
        raise SettingsError(
            "PORTERO_DATA_DIR", f"PORTERO_DATA_DIR {data_dir} is not writable for this user."
        )


def _settle_secret_key(values: dict[str, Any], sources: dict[str, str]) -> list[str]:
    """On a loopback issuer a missing SECRET_KEY comes from the data directory; elsewhere a weak
    one stops the start, because every session and sealed row hangs on it."""
    issuer_is_loopback = parsing.is_loopback(urlsplit(values["issuer"]).hostname or "")
    place = secret_key.place_of(values["data_dir"])
    if issuer_is_loopback and not values["secret_key"]:
        values["secret_key"], made = secret_key.kept_or_made(values["data_dir"])
        sources["secret_key"] = f"generated ({place})"
        verb = "was generated and is kept" if made else "is the generated one"
        return [f"SECRET_KEY {verb} in {place} (mode 0600)."]
    reason = secret_key.weakness(values["secret_key"])
    if reason is None:
        return []
    if issuer_is_loopback:
        return [f"SECRET_KEY {reason}: good enough on this machine, refused anywhere else."]
    hint = f" (SECRET_KEY_FILE={place} would name the generated one)" if place.exists() else ""
    raise SettingsError(
        "SECRET_KEY", f"SECRET_KEY {reason}: set {secret_key.MIN_BYTES} random bytes or more{hint}."
    )
