"""What an application wants, as a page tells it to the person who is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from portero.web.pages import meaning_of
from portero.web.rooms import ProviderRooms


@dataclass(frozen=True, slots=True)
class Wants:
    """For `oidc/wants.html`: a sentence for each scope; the label of each authorization detail with
    its fields; the resources by their names."""

    sentences: list[str]
    details: list[tuple[str, list[tuple[str, str]]]]
    resources: tuple[str, ...]


def wants_of(
    provider: ProviderRooms,
    *,
    scope: Iterable[str],
    resources: tuple[str, ...],
    details: Iterable[Mapping[str, Any]] = (),
) -> Wants:
    return Wants(
        sentences=[meaning_of(provider.scopes.of(name)) for name in scope],
        details=[
            (provider.detail_types[detail["type"]].label, _fields(detail)) for detail in details
        ],
        resources=resources,
    )


def _fields(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        (name, ", ".join(value) if isinstance(value, list) else str(value))
        for name, value in detail.items()
        if name != "type"
    ]
