"""A device asks for its tokens (RFC 8628 §3.4, §3.5): again and again, until somebody decides.

1. Poll: one statement, with all the answers; of parallel polls of an approved code one is fresh.
2. Fresh: the key and the verifier must be those that it began with. A wrong one burns the code.
3. The person may have taken the consent back meanwhile; session and account must still live.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portero.core.consent import covers
from portero.core.consent import store as consent_store
from portero.core.provider.device import store
from portero.core.provider.device.model import DeviceRequest, PollOutcome
from portero.core.provider.grants.settlement import Agreed, Settled, Settlement
from portero.core.provider.model import IssuedToken, TokenRequest
from portero.core.provider.resources import Resources
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import fingerprint
from portero.protocol.oauth import pkce
from portero.protocol.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    OAuthRefusal,
    SlowDown,
)
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scopes import read_scope

_REFUSALS: Final[dict[PollOutcome, type[OAuthRefusal]]] = {
    PollOutcome.PENDING: AuthorizationPending,
    PollOutcome.SLOW_DOWN: SlowDown,
    PollOutcome.DENIED: AccessDenied,
    PollOutcome.EXPIRED: ExpiredToken,
    PollOutcome.UNKNOWN: InvalidGrant,
}


class DeviceCodeGrant:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        resources: Resources,
        settlement: Settlement,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dice = dice
        self._resources = resources
        self._settlement = settlement

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        now, grant_id = self._clock.now(), self._dice.new_id()
        device_hash = fingerprint(asked.form.require("device_code"))
        polled = self._db.write(
            lambda tx: store.poll(tx, device_hash, asked.client.client_id, grant_id, now=now)
        )
        request = polled.request
        if request is None:
            raise _REFUSALS[polled.outcome](f"the device code is {polled.outcome}")
        # A transaction of its own: a token's place in the status list is not for the many polls
        # that end without one. A crash in between costs the person a second try, and nobody else.
        status = self._settlement.status_index(asked, now)
        settled = self._db.write(lambda tx: self._settle_in(tx, asked, request, now, status))
        return self._settlement.tokens(asked, settled, now=now, status=status)

    def _settle_in(
        self, tx: Tx, asked: TokenRequest, request: DeviceRequest, now: datetime, status: int
    ) -> Settled:
        verifier = asked.form.get("code_verifier")
        pkce.check_verifier(verifier, expected_challenge=request.code_challenge)
        if request.jkt and asked.binding.jkt != request.jkt:
            raise InvalidGrant("the proof is of another key than the one it began with")
        consent = consent_store.find(tx, request.account_id, request.client_id)
        if not covers(consent, scope=read_scope(request.scope), resources=request.resources):
            raise InvalidGrant("the person took the consent back")
        settled = self._settlement.settle_in(
            tx,
            asked,
            Agreed(
                grant_id=request.grant_id,
                account_id=request.account_id,
                session_id=request.session_id,
                scope=request.scope,
                resources=request.resources,
            ),
            grant_type=GrantType.DEVICE_CODE,
            audience=self._audience(asked, request),
            now=now,
            status=status,
        )
        if settled is None:
            raise InvalidGrant("its session or account ended")
        return settled

    def _audience(self, asked: TokenRequest, request: DeviceRequest) -> str:
        named = asked.form.each("resource")
        if not named:
            return self._resources.first_of(asked.client, request.resources)
        return self._resources.picked(asked.client, granted=request.resources, asked=named)
