"""What a sign-in still owes, and how often one may be tried."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from portero.core.accounts.email import MAIL_BY_ACCOUNT
from portero.core.limits import LimitPolicy
from portero.core.login.model import Facts, Owed, SignInPolicy
from portero.core.sessions import Session

# Long enough to find a mail or think of a password, short enough that a screen left open in a
# library is not a way in (decision "What is still owed").
INTERACTION_LIFETIME: Final = timedelta(minutes=10)
# The shortest of the mailed links: whoever holds it owns the account.
RESET_LINK_LIFETIME: Final = timedelta(minutes=30)
INVITE_LINK_LIFETIME: Final = timedelta(days=7)
# How fresh a sign-in must be to change the mail address or delete the account.
FRESH_SECONDS: Final = 900

# 100 consecutive failures are the ceiling of SP 800-63B-4 §3.2.2; a third of it in a quarter of
# an hour is more than any person needs. The subject is the account, whatever name was typed.
LOGIN_BY_ACCOUNT: Final = LimitPolicy("login_by_account", tries=30, window_seconds=900)
# The owner's own budget for proving the present password while signed in.
PASSWORD_BY_OWNER: Final = LimitPolicy("password_by_owner", tries=30, window_seconds=900)
# Offices share an address, so this is wide; successes are given back.
LOGIN_BY_ADDRESS: Final = LimitPolicy("login_by_address", tries=300, window_seconds=900)
REGISTER_BY_ADDRESS: Final = LimitPolicy("register_by_address", tries=100, window_seconds=3600)
RECOVERY_BY_ADDRESS: Final = LimitPolicy("recovery_by_address", tries=30, window_seconds=3600)
# Anybody can ask for these mails; the window is the link's own lifetime, so that there is always
# a live link in the mailbox of somebody whose budget a stranger has spent.
RECOVERY_MAIL_BY_ACCOUNT: Final = LimitPolicy(
    "recovery_mail_by_account",
    tries=3,
    window_seconds=int(RESET_LINK_LIFETIME.total_seconds()),
)

POLICIES: Final = (
    LOGIN_BY_ACCOUNT,
    LOGIN_BY_ADDRESS,
    REGISTER_BY_ADDRESS,
    RECOVERY_BY_ADDRESS,
    MAIL_BY_ACCOUNT,
    PASSWORD_BY_OWNER,
    RECOVERY_MAIL_BY_ACCOUNT,
)


def owed(facts: Facts, policy: SignInPolicy) -> Owed | None:
    """The next thing that a proven person must do before there is a session; None: nothing."""
    if policy.require_verified_email and not facts.account.email_verified:
        return Owed.VERIFY_EMAIL
    if facts.password_must_change:
        return Owed.CHANGE_PASSWORD
    return None


def is_fresh(session: Session, now: datetime) -> bool:
    """Whether the person proved who they are so lately that what harms most may be done."""
    return (now - session.auth_time).total_seconds() <= FRESH_SECONDS


def options(step: Owed) -> tuple[str, ...]:
    """The members by which `POST /login/continue` can answer the step."""
    match step:
        case Owed.VERIFY_EMAIL:
            return ("token", "resend")
        case Owed.CHANGE_PASSWORD:
            return ("new_password",)
