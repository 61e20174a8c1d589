"""What harms most wants here what the console's pages want: a proof of lately, by whatever the
account has."""

from __future__ import annotations

from portero.core.login.rules import FRESH_SECONDS
from portero.core.sessions.demand import reaches
from portero.web.api.registry import Call
from portero_guard.checks import require_recent
from portero_guard.errors import AuthenticationInsufficient


def require_fresh(call: Call) -> None:
    """The sign-in is of the last quarter of an hour, and `require_factor`; else
    `AuthenticationInsufficient` (RFC 9470 §3)."""
    if call.token is not None:
        require_recent(call.token, max_age_seconds=FRESH_SECONDS, now=call.rooms.clock.now())
    require_factor(call)


def require_factor(call: Call) -> None:
    """The session has proven a second factor too, where the account has one."""
    session = call.rooms.sessions.find_live(call.account_id, call.session_id)
    wanted = call.rooms.step_up.demand_of_account(session).acr
    if not reaches(session.acr, wanted):
        raise AuthenticationInsufficient(
            "the factor that is enrolled was not proven", parameters={"acr_values": wanted}
        )
