"""Values that are made for every request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

C = TypeVar("C")


@dataclass_transform(frozen_default=True)
def quick_value(made: type[C]) -> type[C]:
    """A dataclass that is frozen for mypy, which reads every line of ours, and not for the
    interpreter: it would take five times as long to make one, and a token takes sixty fields."""
    return dataclass(slots=True, unsafe_hash=True)(made)
