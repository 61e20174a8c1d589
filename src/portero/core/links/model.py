"""A link, its purposes, and the refusal of one that no longer opens anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.kit.refusals import Invalid


class LinkPurpose(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  # a purpose, not a password
    INVITE = "invite"


@dataclass(frozen=True, slots=True)
class Link:
    """A link's record: `email` is where it was sent; `account_id` is empty for an invitation."""

    purpose: LinkPurpose
    account_id: str
    email: str
    created_at: datetime
    expires_at: datetime


class LinkSpent(Invalid):
    """Unknown, expired, already used, or for something else: all the same to whoever holds it."""

    code = "link_not_valid"
    public = "This link is not valid any more. Ask for a new one."
