"""What a person's answer does, in the transaction that records it."""

from __future__ import annotations

from datetime import datetime

from portero.core.consent import store as consent_store
from portero.core.provider.polling.model import R, RequestState
from portero.core.provider.polling.store import PolledRequests
from portero.core.sessions import Session
from portero.kit.db import Tx
from portero.protocol.oauth.scopes import read_scope


def decide_in(
    tx: Tx,
    requests: PolledRequests[R],
    request: R,
    session: Session,
    *,
    agreed: bool,
    now: datetime,
) -> bool:
    """Claim the request for that session; a yes is remembered as a consent. False when it was
    decided meanwhile, or is over."""
    state = RequestState.APPROVED if agreed else RequestState.DENIED
    if not requests.decide(tx, request.id, state, session.account_id, session.id, now=now):
        return False
    if agreed:
        consent_store.remember(
            tx,
            session.account_id,
            request.client_id,
            scope=read_scope(request.scope),
            resources=request.resources,
            now=now,
        )
    return True
