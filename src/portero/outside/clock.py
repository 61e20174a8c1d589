"""Time and chance of the real world: the only place that reads a clock or rolls dice."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from uuid_utils import uuid7

from portero.kit.base64url import base64url


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class SystemDice:
    def new_id(self) -> str:
        return str(uuid7())

    def token(self, bits: int = 256) -> str:
        return base64url(os.urandom(bits // 8))
