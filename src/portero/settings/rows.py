"""What a row of the table of settings is, and how one is declared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")
Earlier = Mapping[str, Any]  # the values of the fields above, by field name

DAY: Final = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Derived:
    """A default that follows from fields above it; `told` is how the reference writes it."""

    told: str
    of: Callable[[Earlier], str]


@dataclass(frozen=True, slots=True)
class Declared:
    """One row: everything there is to know about a setting except its value."""

    field: str
    key: str
    read: Callable[[str], object]
    default: str | Derived
    meaning: str
    secret: bool

    @property
    def toml_key(self) -> str:
        return self.key.removeprefix("PORTERO_").lower()

    @property
    def default_text(self) -> str:
        return self.default.told if isinstance(self.default, Derived) else self.default


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting as it is in force, ready to print: a secret's text is ***."""

    key: str
    value_text: str
    source: str
    meaning: str


def setting(key: str, read: Callable[[str], T], default: str | Derived, meaning: str) -> T:
    """A row of the table. It claims to be a `T`, so that mypy holds parser and field together."""
    about = {"key": key, "read": read, "default": default, "meaning": meaning}
    return cast(T, dataclasses.field(metadata=about))
