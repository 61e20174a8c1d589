"""What clients need of the outside: their documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class FetchedDocument(Protocol):
    """An answer: header names in lower case, the body complete."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...


class DocumentFetch(Protocol):
    def get(self, url: str, *, timeout_seconds: float, max_bytes: int) -> FetchedDocument:
        """One GET to a public server, no redirect followed, all of it within the time and size;
        raises a `Refusal` for a URL that leads elsewhere, or an answer that does not come."""
