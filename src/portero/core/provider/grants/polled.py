"""A client asks for its tokens again and again, until somebody has decided (RFC 8628 §3.5, CIBA
§10.1, §11).

1. Poll: one statement, with all the answers; of parallel polls of an approved request one is fresh.
2. Fresh: the key must be the one that it began with, and whatever else the flow demands must be
   there. Who fails has burnt the request.
3. The person may have taken the consent back meanwhile; session and account must still live.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic

from portero.core.consent import covers
from portero.core.consent import store as consent_store
from portero.core.provider.grants.settlement import Agreed, Settled, Settlement
from portero.core.provider.model import IssuedToken, TokenRequest
from portero.core.provider.polling.model import PollOutcome, R
from portero.core.provider.polling.store import PolledRequests
from portero.core.provider.resources import Resources
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.kit.secrets import fingerprint
from portero.protocol.oauth.authorization_details import Detail, narrowed
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PolledFlow(Generic[R]):
    """What one flow has of its own: the parameter with its secret, its table, what it demands of
    the token request (`check` raises `OAuthRefusal`), and what it keeps of `authorization_details`
    (RFC 9396)."""

    grant_type: GrantType
    parameter: str
    requests: PolledRequests[R]
    check: Callable[[TokenRequest, R], None]
    details: Callable[[R], tuple[Detail, ...]] = lambda request: ()


class PolledGrant(Generic[R]):
    def __init__(
        self,
        flow: PolledFlow[R],
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        resources: Resources,
        settlement: Settlement,
    ) -> None:
        self._flow = flow
        self._db = db
        self._clock = clock
        self._dice = dice
        self._resources = resources
        self._settlement = settlement

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        now, grant_id, flow = self._clock.now(), self._dice.new_id(), self._flow
        secret_hash = fingerprint(asked.form.require(flow.parameter))
        polled = self._db.write(
            lambda tx: flow.requests.poll(
                tx, secret_hash, asked.client.client_id, grant_id, now=now
            )
        )
        request = polled.request
        if request is None:
            raise _REFUSALS[polled.outcome](f"{flow.parameter} is {polled.outcome}")
        wanted = asked.form.get("authorization_details")
        details = narrowed(wanted, within=flow.details(request))
        # A transaction of its own: a token's place in the status list is not for the many polls
        # that end without one. A crash in between costs the person a second try, and nobody else.
        with self._settlement.place(asked, now) as status:
            settled = self._db.write(lambda tx: self._settle_in(tx, asked, request, now, status))
        return self._settlement.tokens(asked, settled, now=now, status=status, details=details)

    def _settle_in(
        self, tx: Tx, asked: TokenRequest, request: R, now: datetime, status: int
    ) -> Settled:
        self._flow.check(asked, request)
        if request.jkt and asked.binding.jkt != request.jkt:
            raise InvalidGrant("the proof is of another key than the one it began with")
        # Held: who takes the consent back at this moment waits, and then ends this grant too.
        consent = consent_store.hold(tx, request.account_id, request.client_id)
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
                details=self._flow.details(request),
            ),
            grant_type=self._flow.grant_type,
            audience=self._resources.first_of(
                asked.client, granted=request.resources, asked=asked.form.each("resource")
            ),
            now=now,
            status=status,
        )
        if settled is None:
            raise InvalidGrant("its session or account ended")
        return settled
