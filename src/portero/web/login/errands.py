"""What somebody signs in for, and where they go on afterwards.

Only places of our own: what waits is named by a handle and never by a URL (open redirects).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from flask import request

from portero.core.login.model import Wanted
from portero.core.provider.authorize.model import Asked
from portero.core.sessions import Session, SignInDemand, satisfies
from portero.protocol.oauth.authorization_request import CREATE
from portero.web.forms import Forms
from portero.web.pages import made_for, name_of
from portero.web.places import (
    ACCOUNT_PATH,
    CONTINUATION_PATH,
    DEVICE_PAGE_PATH,
    REQUESTS_PATH,
    SIGN_IN_PATH,
    account_page_of,
)
from portero.web.rooms import Rooms

# The device page, with the code that was typed there, and the page of requests; then what their
# sign-in has to reach. No handle of a request has a dot, or is so short.
_OURS: Final = re.compile(
    r"(?P<page>device|requests)(\.(?P<code>[A-Z]{4}-[A-Z]{4}))?"
    r"(\.(?P<acr>aal1|aal2|phr))?(?P<second>\.second)?(?P<fresh>\.fresh)?"
)


@dataclass(frozen=True, slots=True)
class Errand:
    """`asked` is the application's request; None for this service and its own pages. `demand` is
    what the sign-in has to reach, and `session` the one in this browser that is meant and does not
    reach it."""

    handle: str
    asked: Asked | None
    demand: SignInDemand
    session: Session | None = None

    @property
    def wanted(self) -> Wanted:
        """Pages of one's own account demand what that account has: nothing of somebody else."""
        if account_page_of(self.handle):
            return Wanted()
        return Wanted(self.demand.client_id, self.demand.acr, self.demand.second_factor)

    @property
    def client_name(self) -> str:
        return "" if self.asked is None else name_of(self.asked.client)

    @property
    def hint(self) -> str:
        """The name that the application expects to be typed."""
        return "" if self.asked is None else self.asked.request.login_hint

    @property
    def as_somebody_else(self) -> str:
        """The sign-in page for the same errand, for another person than the one it knows."""
        return f"{SIGN_IN_PATH}?{urlencode({'request': self.handle, 'other': '1'})}"

    @property
    def next_place(self) -> str:
        if self.asked is not None:
            return f"{CONTINUATION_PATH}?{urlencode({'request': self.handle})}"
        ours = _OURS.fullmatch(self.handle)
        if ours is None:
            return account_page_of(self.handle) or ACCOUNT_PATH
        if ours["page"] == "requests":
            return REQUESTS_PATH
        code = ours["code"]
        return f"{DEVICE_PAGE_PATH}?{urlencode({'user_code': code})}" if code else DEVICE_PAGE_PATH


def handle_of_request() -> str:
    """The handle that came with the present request, unchecked; '' for none."""
    return request.values.get("request", "")[:128]


def sign_in_url() -> str:
    """The sign-in page, for the errand that the present request came with."""
    handle = handle_of_request()
    return f"{SIGN_IN_PATH}?{urlencode({'request': handle})}" if handle else SIGN_IN_PATH


def errand_of_request(rooms: Rooms, forms: Forms) -> Errand:
    """What the handle stands for, in this browser. Raises `WaitingRequestOver`."""
    errand = _errand(rooms, forms)
    return replace(errand, session=None) if "other" in request.values else errand


def _errand(rooms: Rooms, forms: Forms) -> Errand:
    handle, browser, now = handle_of_request(), forms.browser(), rooms.clock.now()
    nothing = SignInDemand(client_id="", began_at=now)
    ours = _OURS.fullmatch(handle)
    if ours is not None:
        demand = replace(
            nothing,
            acr=ours["acr"] or "",
            second_factor=bool(ours["second"]),
            fresh=bool(ours["fresh"]),
        )
        return Errand(
            handle, None, demand, _short_of(demand, rooms.sessions.of_browser(browser), now)
        )
    if account_page_of(handle):
        held = rooms.sessions.of_browser(browser)[:1]
        demand = rooms.step_up.demand_of_account(held[0]) if held else nothing
        return Errand(handle, None, demand, _short_of(demand, held, now))
    if not handle:
        return Errand(handle, None, nothing)
    authorize = rooms.provider.authorize
    asked = authorize.waiting_for(handle, browser)
    made_for(rooms.settings, asked)
    demand = authorize.demand_of(asked)
    if asked.asks_to_choose or CREATE in asked.request.prompt:
        return Errand(handle, asked, demand)
    seats = authorize.seats_for(asked, browser)
    return Errand(handle, asked, demand, _short_of(demand, [seat.session for seat in seats], now))


def _short_of(demand: SignInDemand, sessions: Sequence[Session], now: datetime) -> Session | None:
    """The one who signed in last, where nobody meets the demand."""
    if any(satisfies(session, demand, now) for session in sessions):
        return None
    return sessions[0] if sessions else None
