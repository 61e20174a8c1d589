"""What happens to an account as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDownloaded(Event):
    """A person asked for everything that is held about them."""

    kind: ClassVar[str] = "account.data_downloaded"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsCleared(Event):
    """An operator gave an account, or an address and its network, new tries."""

    kind: ClassVar[str] = "limits.cleared"
    address: str = ""
