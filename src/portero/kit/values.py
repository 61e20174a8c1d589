"""Values that are made for every request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, dataclass_transform

C = TypeVar("C")


@dataclass_transform(frozen_default=True)
def quick_value(made: type[C]) -> type[C]:
    """A dataclass that is frozen for mypy, which reads every line of ours, and not for the
    interpreter: it would take five times as long to make one, and a token takes sixty fields."""
    return dataclass(slots=True, unsafe_hash=True)(made)


def names_in(kind: type[object]) -> tuple[str, ...]:
    """The names of the fields of such a value (two or more of them), in order."""
    names: tuple[str, ...] = kind.__slots__  # type: ignore[attr-defined]  # given by the decorator
    return names


def values_in(value: object) -> dict[str, Any]:
    """The fields of such a value by their names, as they are."""
    kind = type(value)
    return dict(zip(names_in(kind), _reader(kind)(value), strict=True))  # type: ignore[arg-type]


@cache
def _reader(kind: type[object]) -> attrgetter[Any]:
    return attrgetter(*names_in(kind))
