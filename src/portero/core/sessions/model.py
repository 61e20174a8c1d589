"""A session, why one ends, and how long one lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portero.kit.secrets import Secret
from portero.kit.values import quick_value


class EndReason(StrEnum):
    LOGOUT = "logout"
    REVOKED = "revoked"  # this one, by the owner from another session
    EVERYWHERE = "everywhere"  # all, or all others, by the owner or an operator
    PASSWORD_CHANGED = "password_changed"  # noqa: S105  # a reason, not a password
    PASSWORD_RESET = "password_reset"  # noqa: S105
    RENEWED = "renewed"  # replaced by a new one at a rise of privilege
    ACCOUNT_DISABLED = "account_disabled"
    LEAVING = "leaving"  # the owner wants the account deleted
    ACCOUNT_DELETED = "account_deleted"
    FROZEN = "frozen"  # the owner read what had happened, and it was not them
    TAKEN_BACK = "taken_back"  # the owner's former mailbox said that somebody else was in
    TOO_MANY = "too_many"  # the least recently used ones of an account with too many
    REPLAYED = "refresh_replayed"  # a copy of its refresh token came back


@quick_value
class Session:
    """`acr` is the level reached (aal1, aal2, phr); `amr` how (RFC 8176). `idle_until` moves with
    use. `second_factor_put_off`: its person owes one and has put it off; it ends with the grace at
    the latest."""

    id: str
    account_id: str
    created_at: datetime
    auth_time: datetime
    last_used_at: datetime
    idle_until: datetime
    expires_at: datetime
    acr: str
    amr: tuple[str, ...]
    browser_id: str = ""
    user_agent: str = ""
    address: str = ""
    ended_at: datetime | None = None
    end_reason: str = ""
    second_factor_put_off: bool = False


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lives unused, and at most; and at most one of a person who does not want
    to stay signed in."""

    idle_seconds: int
    absolute_seconds: int
    brief_seconds: int = 43_200


@dataclass(frozen=True, slots=True)
class Proven:
    """What a finished sign-in proved: the level, the methods, by which factor it ended, and since
    when all of it is proven; None: now. `put_off_until`: a second factor is owed by then;
    None: none is owed."""

    acr: str
    amr: tuple[str, ...]
    factor: str
    at: datetime | None = None
    put_off_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BrowserSecret:
    """The cookie's value for a browser, told once; it outlives the browser's windows if it
    `lasts`."""

    browser_id: str
    secret: Secret
    lasts: bool
