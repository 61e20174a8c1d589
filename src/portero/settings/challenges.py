"""What settings of challenges must be to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def rules(v: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    of_service = v["challenge"] not in ("off", "altcha")
    for field in ("site_key", "secret"):
        key = f"PORTERO_CHALLENGE_{field.upper()}"
        yield (
            key,
            of_service and not v[f"challenge_{field}"],
            f"{key} must be set for PORTERO_CHALLENGE {v['challenge']}: its service gives you one.",
        )
