"""A subscription of a browser, a question that was sent to it, and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from portero.protocol.web_push import Receiver, receiver_of, text

# Characters; the longest that is known of (Microsoft's) has some 500.
_ENDPOINT_CAP = 2048


class Purpose(StrEnum):
    """An answer to one is nothing to the other."""

    PROVE = "prove"
    ENROL = "enrol"


class Decision(StrEnum):
    """Where a question stands. It leaves `WAITING` once."""

    WAITING = "waiting"
    APPROVED = "approved"
    WRONG_NUMBER = "wrong_number"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser takes messages, and what they are encrypted to (Push API §8)."""

    endpoint: str = field(repr=False)
    receiver: Receiver

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """From what a browser tells (`PushSubscription.toJSON()`); ValueError for anything else."""
        endpoint, keys = given.get("endpoint"), given.get("keys")
        if not isinstance(endpoint, str) or len(endpoint) > _ENDPOINT_CAP:
            raise ValueError("no endpoint")
        if not isinstance(keys, Mapping):
            raise ValueError("no keys")
        p256dh, auth = keys.get("p256dh"), keys.get("auth")
        if not isinstance(p256dh, str) or not isinstance(auth, str):
            raise ValueError("no keys")
        return cls(endpoint, receiver_of(p256dh, auth))

    def to_json(self) -> bytes:
        keys = {"p256dh": text(self.receiver.public_key), "auth": text(self.receiver.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys}).encode()


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that is enrolled, as it is stored."""

    authenticator_id: str
    sealed: str


@dataclass(frozen=True, slots=True)
class Question:
    """What waits for an answer, and what whoever answers is shown. `subject` is the sign-in under
    way, or the session, that it belongs to; `sealed` the subscription that is to be enrolled."""

    id: str
    purpose: Purpose
    account_id: str
    subject: str
    sealed: str
    user_agent: str
    address: str
    asked_at: datetime
    expires_at: datetime
    decision: Decision = Decision.WAITING
    answered_by: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that still waits, by the device that has a secret of it. `authenticator_id` is ''
    for one that is to be enrolled."""

    question: Question
    authenticator_id: str


@dataclass(frozen=True, slots=True)
class PushMessage:
    """What goes to one browser. Nothing in it says who, what for or from where: it may lie on a
    locked screen."""

    subscription: Subscription
    secret: str = field(repr=False)
    purpose: Purpose
    locale: str
    ttl_seconds: int
