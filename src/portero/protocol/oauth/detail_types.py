"""What an operator declares of rich authorization requests: types and fields (RFC 9396 §2).

Pure, and light: settings read it, so every short command pays for what it imports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class FieldKind(StrEnum):
    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    STRINGS = "strings"  # a list, as `actions` and `locations` (RFC 9396 §2.2) are


@dataclass(frozen=True, slots=True)
class DetailField:
    """`values` are all that a text, or each text of a list, may be; empty for any text."""

    kind: FieldKind
    values: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True, slots=True)
class AuthorizationDetailType:
    """`label` is the sentence on the page of consent."""

    name: str
    label: str
    fields: Mapping[str, DetailField] = field(default_factory=dict)
