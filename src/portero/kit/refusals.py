"""How every room says no.

A refusal carries three texts: `code` for programs (stable, part of the public contract), `public`
for the person or developer who asked (translated by the face that shows it) and `detail` for the
log alone. The category (the class) is what a face maps to a status; the room that refuses knows
no HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field that was not accepted: its JSON `name`, a stable code and a sentence."""

    name: str
    code: str
    public: str
    values: Mapping[str, object] = field(default_factory=dict)


class Refusal(Exception):
    """A verb declined. Subclass per reason; the subclass names `code` and `public`."""

    code: ClassVar[str] = "refused"
    public: ClassVar[str] = "The request was refused."

    def __init__(
        self,
        detail: str = "",
        *,
        values: Mapping[str, object] | None = None,
        faults: tuple[FieldFault, ...] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.values: Mapping[str, object] = values or {}
        self.faults = faults
        self.retry_after_seconds = retry_after_seconds


class Invalid(Refusal):
    """What was sent does not make sense; `faults` name the fields."""

    code = "invalid"
    public = "Some fields were not accepted."


class Unsupported(Refusal):
    """It came in a form that is not understood here."""

    code = "unsupported"
    public = "This form of request is not supported."


class NotProven(Refusal):
    """The caller is not, or no longer, who the request needs."""

    code = "not_proven"
    public = "Sign in to continue."


class Forbidden(Refusal):
    """The caller is known and may not."""

    code = "forbidden"
    public = "You may not do this."


class Missing(Refusal):
    """The thing does not exist for this caller."""

    code = "not_found"
    public = "There is nothing here."


class Conflict(Refusal):
    """The thing is there already, or has changed meanwhile."""

    code = "conflict"
    public = "This conflicts with what is already there."


class Limited(Refusal):
    """Too many tries; `retry_after_seconds` says when it is worth trying again."""

    code = "too_many_requests"
    public = "Too many tries. Wait a little and try again."


class Busy(Refusal):
    """Out of room or out of a neighbour just now; nothing was done."""

    code = "busy"
    public = "The service is busy. Try again in a moment."
