"""That the operator works on the service, and everybody else waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from portero.kit.refusals import Busy

# Seconds to wait where no end was said, and the least and the most that are told.
_UNTOLD: Final = 300
_LEAST, _MOST = 10, 3600


@dataclass(frozen=True, slots=True)
class Maintenance:
    """`message` is the operator's own, for people; "" for none. `until` is a guess."""

    message: str = ""
    until: datetime | None = None

    def retry_after_seconds(self, now: datetime) -> int:
        if self.until is None:
            return _UNTOLD
        return max(_LEAST, min(_MOST, round((self.until - now).total_seconds())))


class UnderMaintenance(Busy):
    """PORTERO_DATA_DIR/maintenance is there."""

    code = "maintenance"
    public = "This service is being worked on. Come back in a little while."

    def __init__(self, maintenance: Maintenance, now: datetime) -> None:
        super().__init__(retry_after_seconds=maintenance.retry_after_seconds(now))
        self.message = maintenance.message
