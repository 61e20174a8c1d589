"""What settings of second factors must be to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def rules(v: Mapping[str, Any]) -> Iterator[tuple[str, bool, str]]:
    """Each rule is the setting, whether it is broken, and a sentence for the operator."""
    yield (
        "PORTERO_SECOND_FACTOR_CLIENTS",
        bool(v["second_factor_clients"]) and v["second_factor"] == "off",
        "PORTERO_SECOND_FACTOR_CLIENTS needs PORTERO_SECOND_FACTOR optional or required: "
        "while it is off, nobody proves one.",
    )
