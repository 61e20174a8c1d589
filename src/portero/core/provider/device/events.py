"""What happens to the requests of devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceApproved(Event):
    """A person let an application on a device in."""

    kind: ClassVar[str] = "device.approved"
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDenied(Event):
    """A person said no to an application on a device."""

    kind: ClassVar[str] = "device.denied"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    scope: str
