"""A link, its purposes, and the refusal of one that no longer opens anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.kit.refusals import Invalid


class LinkPurpose(StrEnum):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105  # a purpose, not a password
    INVITE = "invite"
    SIGN_IN = "sign_in"  # spent with its code: see `core/factors/one_time_code`
    MOVE_EMAIL = "move_email"  # to the present mailbox: whether the account may leave it
    UNDO_EMAIL = "undo_email"  # to the one that was left: "it was not me"
    CLAIM = "claim"  # never mailed: an address that waits in the outbox to be asked
    FREEZE = "freeze"  # in a mail that tells what happened: "it was not me"


@dataclass(frozen=True, slots=True)
class Link:
    """A link's record: `email` is where it was sent; `account_id` is empty for an invitation;
    `about` is the address that an account wants to move to, or what a mail told that it was in."""

    purpose: LinkPurpose
    account_id: str
    email: str
    created_at: datetime
    expires_at: datetime
    about: str = ""


# Makes the address of the page that a link opens, of its purpose and token: faces own their URLs.
LinkUrl = Callable[[LinkPurpose, str], str]


class LinkSpent(Invalid):
    """Unknown, expired, already used, or for something else: all the same to whoever holds it."""

    code = "link_not_valid"
    public = "This link is not valid any more. Ask for a new one."
