"""Who, from where, and the shape of every event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import ClassVar

from portero.kit.values import quick_value


class ActorKind(StrEnum):
    ANONYMOUS = "anonymous"  # somebody who has not proven anything yet
    ACCOUNT = "account"
    CLIENT = "client"
    OPERATOR = "operator"  # the command line on the server itself
    SYSTEM = "system"  # schedules, workers


@quick_value
class Origin:
    """Where a request came from. `address` is the resolved client address, never a raw header."""

    request_id: str = ""
    address: str = ""
    user_agent: str = ""


@quick_value
class Actor:
    """Who asks for a verb. `id` is an account or client id, by `kind`."""

    kind: ActorKind
    id: str = ""
    session_id: str = ""
    client_id: str = ""
    origin: Origin = field(default_factory=Origin)

    @classmethod
    def anonymous(cls, origin: Origin) -> Actor:
        return cls(ActorKind.ANONYMOUS, origin=origin)

    @classmethod
    def account(
        cls, account_id: str, *, session_id: str = "", client_id: str = "", origin: Origin
    ) -> Actor:
        return cls(ActorKind.ACCOUNT, account_id, session_id, client_id, origin)

    @classmethod
    def operator(cls) -> Actor:
        return cls(ActorKind.OPERATOR)

    @classmethod
    def system(cls) -> Actor:
        return cls(ActorKind.SYSTEM)


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events: subclasses name `kind` and add their own fields, which become details.

    An event never holds a secret, nor what somebody typed where a secret belongs.
    """

    kind: ClassVar[str] = "event"
    outcome: ClassVar[Outcome] = Outcome.SUCCESS

    account_id: str = ""
    session_id: str = ""
    client_id: str = ""
    factor: str = ""

    def details(self) -> dict[str, object]:
        """The fields that the subclass added, for the entry's `details`."""
        kind = type(self)
        # mypy looks for the hash of an instance here.
        return {name: getattr(self, name) for name in _own_fields(kind)}  # type: ignore[arg-type]


@cache
def _own_fields(kind: type[Event]) -> tuple[str, ...]:
    base = {each.name for each in fields(Event)}
    return tuple(each.name for each in fields(kind) if each.name not in base)


@quick_value
class Entry:
    """One event as it was recorded."""

    id: str
    at: datetime
    kind: str
    outcome: Outcome
    actor_kind: ActorKind
    actor_id: str
    account_id: str
    session_id: str
    client_id: str
    factor: str
    request_id: str
    address: str
    user_agent: str
    details: Mapping[str, object]
