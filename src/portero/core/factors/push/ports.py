"""What is needed of the outside."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from portero.core.factors.push.model import PushMessage


class SubscriptionGone(Exception):
    """The push service knows the subscription no more (RFC 8030 §7.3)."""


class Messenger(Protocol):
    def send(self, message: PushMessage, *, key: EllipticCurvePrivateKey, now: datetime) -> None:
        """Hand the message to the browser's push service. Raises `SubscriptionGone`, and the
        failures of the outbox."""
