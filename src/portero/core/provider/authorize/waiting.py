"""Requests that wait for a person, each kept with the browser that began it.

Anybody can begin one, for any client, and each is a row or two: so an address begins only so many.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from portero.core.audit import Actor
from portero.core.limits import AddressPolicy, Limits
from portero.core.provider.authorize.model import Asked
from portero.core.provider.codes import store as code_store
from portero.core.provider.codes.model import WaitingRequest
from portero.core.sessions import Sessions
from portero.kit.db import Tx
from portero.kit.ports import Dice
from portero.kit.secrets import Secret, fingerprint

# Long enough to make an account and find a mail on the way.
WAITING_LIFETIME: Final = timedelta(hours=1)
# A company behind one address signs in within minutes in the morning: five a second. Whoever is
# signed in and has agreed waits for nothing, and is not counted.
BEGUN_BY_ADDRESS: Final = AddressPolicy("begun_by_address", tries=300, window_seconds=60)


class WaitingRequests:
    def __init__(self, *, dice: Dice, limits: Limits, sessions: Sessions) -> None:
        self._dice = dice
        self._limits = limits
        self._sessions = sessions

    def keep_in(
        self, tx: Tx, actor: Actor, asked: Asked, handle: Secret, browser_id: str, *, now: datetime
    ) -> Secret | None:
        """Keep the request until the person is back; a cookie to set where the browser has none.
        Raises `OverLimit`, with which the try is to be committed."""
        if asked.waiting is not None:
            return None
        over = self._limits.spend(tx, BEGUN_BY_ADDRESS, actor.origin.address, now=now)
        if over is not None:
            raise over
        fresh = None
        if not browser_id:
            made = self._sessions.new_browser(tx, now=now)
            browser_id, fresh = made.browser_id, made.secret
        waiting = WaitingRequest(
            id=self._dice.new_id(),
            client_id=asked.client.client_id,
            browser_id=browser_id,
            parameters=asked.parameters.as_mapping(),
            pushed_id=asked.pushed_id,
            created_at=asked.began_at,
            expires_at=now + WAITING_LIFETIME,
        )
        code_store.add_waiting(tx, fingerprint(handle.reveal()), waiting)
        return fresh
