"""One section of `/account/security`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from portero.web.account.console import Visit


@dataclass(frozen=True, slots=True)
class Section:
    """`template` is the section's body; it finds what `look` answers with in `held`. `look` answers
    None where there is nothing to show (the way is switched off)."""

    template: str
    look: Callable[[Visit], Mapping[str, Any] | None]
