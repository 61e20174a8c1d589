"""What happens to an account's devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTrusted(Event):
    """It stands in for the second factor until then."""

    kind: ClassVar[str] = "device.trusted"
    device_id: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceForgotten(Event):
    """It is a stranger again."""

    kind: ClassVar[str] = "device.forgotten"
    device_id: str
