"""Where settings are written down, as layers: portero.toml, .env, environment, command line.

A layer is a mapping from key to `Given`. `KEY_FILE` names a file that holds the value of KEY
(mounted secrets); one layer may hold only one of the two. An empty value counts as not set: that is
what Compose files and shells pass for a variable that nobody filled in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from portero.settings.declared import BY_KEY, CONFIG_KEY, DECLARED
from portero.settings.errors import SettingsError

_FILE: Final = "_FILE"
_FILE_CAP_BYTES: Final = 65_536  # far above any key; a wrong path must not be read into memory
_SERVICE_LINK: Final = re.compile(r".*_(SERVICE_(HOST|PORT)|PORT_[0-9]+_(TCP|UDP))(_.*)?")


@dataclass(frozen=True, slots=True)
class Given:
    """A value as text, and where it was written, in words for `portero settings`."""

    text: str
    source: str


Layer = Mapping[str, Given]


# What is no single value, and can be written in portero.toml alone.
TABLES: Final = ("attributes", "authorization_details", "brands", "scopes")


def toml_layer(config: str, *, cwd: Path) -> tuple[Layer, Mapping[str, object]]:
    """The TOML file's layer and its `TABLES`, by name. `config` is PORTERO_CONFIG or empty."""
    place = cwd / (config or "portero.toml")
    if not config and not place.exists():
        return {}, {name: {} for name in TABLES}
    try:
        document = tomllib.loads(place.read_text("utf-8"))
    except OSError as error:
        raise SettingsError(CONFIG_KEY, f"{place} can't be read: {error.strerror}.") from error
    except ValueError as error:  # tomllib's own error and bad UTF-8
        raise SettingsError(CONFIG_KEY, f"{place} is not valid TOML: {error}.") from error
    tables = {name: document.pop(name, {}) for name in TABLES}
    keys = {row.toml_key: row.key for row in DECLARED}
    keys |= {f"{name}{_FILE.lower()}": f"{key}{_FILE}" for name, key in keys.items()}
    written = {}
    for name, value in document.items():
        if name not in keys:
            raise SettingsError(name, _unknown(name, [*keys, *TABLES], f" in {place.name}"))
        written[keys[name]] = _toml_text(name, value)
    return _layer(written, place.name, cwd=cwd), tables


def env_layer(environ: Mapping[str, str], *, cwd: Path) -> Layer:
    """What the environment says over what `.env` says: two spellings of one place."""
    dotenv = _read_dotenv(cwd / ".env")
    for name, source in [*((n, " in .env") for n in dotenv), *((n, "") for n in environ)]:
        if name.startswith("PORTERO_") and name not in _env_keys():
            raise SettingsError(name, _unknown(name, _env_keys(), source))
    merged = {name: text for name, text in (dict(dotenv) | _filled(environ)).items() if text}
    _refuse_both(merged)
    weaker = {name: text for name, text in dotenv.items() if not environ.get(name)}
    return {**_layer(weaker, ".env", cwd=cwd), **_layer(environ, "environment", cwd=cwd)}


def override_layer(overrides: Mapping[str, str], *, cwd: Path) -> Layer:
    """What the command line says. It wins over everything, and a wrong key is a wrong option."""
    for name in overrides:
        if name not in _env_keys():
            raise SettingsError(name, _unknown(name, _env_keys(), ""))
    return _layer(overrides, "command line", cwd=cwd)


def _env_keys() -> set[str]:
    return {CONFIG_KEY, *BY_KEY, *(f"{key}{_FILE}" for key in BY_KEY)}


def _filled(written: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in written.items() if text}


def _layer(written: Mapping[str, str], source: str, *, cwd: Path) -> dict[str, Given]:
    filled = _filled(written)
    _refuse_both(filled)
    layer = {}
    for key in (CONFIG_KEY, *BY_KEY):
        if key in filled:
            layer[key] = Given(filled[key], source)
        elif f"{key}{_FILE}" in filled:
            place = cwd / filled[f"{key}{_FILE}"]
            layer[key] = Given(_content(f"{key}{_FILE}", place), f"{place} ({source})")
    return {key: given for key, given in layer.items() if given.text}


def _refuse_both(filled: Mapping[str, str]) -> None:
    for key in BY_KEY:
        if key in filled and f"{key}{_FILE}" in filled:
            raise SettingsError(key, f"{key} and {key}_FILE are both set: keep one of them.")


def _content(key: str, place: Path) -> str:
    """A file's text without one line end at its end, which editors and `echo` add."""
    try:
        with place.open("rb") as file:
            raw = file.read(_FILE_CAP_BYTES + 1)
        if len(raw) > _FILE_CAP_BYTES:
            raise SettingsError(key, f"{key} names a file of more than 64 KiB.")
        return raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise SettingsError(
            key, f"{key} names {place}, which can't be read: {error.strerror}."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(key, f"{key} names a file that is not UTF-8 text.") from error


def _read_dotenv(place: Path) -> dict[str, str]:
    """`.env` by python-dotenv's grammar. `${NAME}` stays as it is written: a random secret may
    hold it, and what a file means should not depend on the shell that started the program."""
    if not place.is_file():
        return {}
    from dotenv.parser import parse_stream  # imported here: most servers have no .env

    found: dict[str, str] = {}
    try:
        with place.open(encoding="utf-8") as stream:
            for binding in parse_stream(stream):
                if binding.error:
                    raise SettingsError(".env", f".env line {binding.original.line} has no sense.")
                if binding.key is not None:
                    found[binding.key] = binding.value or ""
    except OSError as error:
        raise SettingsError(".env", f"{place} can't be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(".env", f"{place} is not UTF-8 text.") from error
    return found


def _toml_text(name: str, value: object) -> str:
    """A TOML value as the text that the environment would hold."""
    match value:
        case bool():
            return "on" if value else "off"
        case str() | int():
            return str(value)
        case list() if all(isinstance(item, str) and "," not in item for item in value):
            return ",".join(value)
    raise SettingsError(
        name, f"{name} in portero.toml must be a text, a whole number, true, false or a list."
    )


def _unknown(name: str, known: Collection[str], where: str) -> str:
    from difflib import get_close_matches  # imported here: only a refused start needs it

    if name.removeprefix("PORTERO_") in known:  # SECRET_KEY and DATABASE_URL have no prefix
        hint = f"did you mean {name.removeprefix('PORTERO_')}?"
    elif _SERVICE_LINK.fullmatch(name):
        hint = "Kubernetes sets it for a service; set enableServiceLinks to false."
    elif close := get_close_matches(name, sorted(known), n=1):
        hint = f"did you mean {close[0]}?"
    else:
        hint = "`portero settings` lists those that exist."
    return f"{name}{where} is no setting of Portero: {hint}"
