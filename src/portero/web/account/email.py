"""Moving to another mail address, and proving the one that was given."""

from __future__ import annotations

from flask import Response, request

from portero.web.account.console import Console, Visit
from portero.web.account.told import Done

_ASKED = Done("We have written to your present mailbox. Open that mail first.")
_SENT = Done("We have sent you a mail with a link. Open it to confirm the address.")


def mount(console: Console) -> None:
    # Whoever holds the mailbox can take the account.
    console.page("/profile/email", _show, _claim, here="/profile", fresh=True, then="/profile")
    console.action(
        "/profile/confirm-email", _send_again, again=_show, page="/profile", here="/profile"
    )


def _show(visit: Visit) -> Response:
    return visit.html("account/email.html")


def _claim(visit: Visit) -> Done:
    visit.rooms.email.claim(visit.actor, visit.account, request.form.get("email", ""))
    return _ASKED if visit.account.email_verified else _SENT


def _send_again(visit: Visit) -> Done:
    if visit.account.email and not visit.account.email_verified:
        visit.rooms.email.claim(visit.actor, visit.account, visit.account.email)
    return _SENT
