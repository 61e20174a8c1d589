"""What the provider's verbs need of the outside: telling a relying party something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Reply(Protocol):
    @property
    def status(self) -> int: ...


class Post(Protocol):
    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes,
        timeout_seconds: float,
        max_bytes: int,
    ) -> Reply:
        """One request to a public server, no redirect followed, all of it within the time and
        size. Raises `Busy` when no answer comes, another `Refusal` for a URL that leads elsewhere.
        """
