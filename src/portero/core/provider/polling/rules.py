"""How often a client may ask, what it is told meanwhile, and how strong a sign-in decides."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from portero.core.clients import Client
from portero.core.provider.polling.errors import FreshSignInNeeded
from portero.core.provider.polling.model import PolledRequest, PollOutcome, RequestState
from portero.core.sessions import Session, SignInDemand, satisfies
from portero.core.sessions.demand import weakest

# seconds between two polls (RFC 8628 §3.2, CIBA §7.3: 5 where nothing is said)
INTERVAL_SECONDS: Final = 5
# RFC 8628 §3.5: "the interval MUST be increased by 5 seconds for this and all subsequent requests";
# CIBA §11: by at least 5.
SLOWER_BY_SECONDS: Final = 5


def waiting(request: PolledRequest, now: datetime, *, hurried: bool) -> PollOutcome:
    """What a client is told that gets no tokens."""
    if request.grant_id:
        return PollOutcome.UNKNOWN
    if request.expires_at <= now:
        return PollOutcome.EXPIRED
    if request.state is RequestState.DENIED:
        return PollOutcome.DENIED
    return PollOutcome.SLOW_DOWN if hurried else PollOutcome.PENDING


def demand_of(
    request: PolledRequest,
    client: Client,
    *,
    reachable: Collection[str],
    acr_values: Sequence[str] = (),
) -> SignInDemand:
    """What the client demands of every sign-in, as at the authorization endpoint; `acr_values` are
    those of this request."""
    metadata = client.metadata
    wanted = [level for level in acr_values or metadata.default_acr_values if level in reachable]
    return SignInDemand(
        client_id=client.client_id,
        began_at=request.created_at,
        max_age=metadata.default_max_age,
        acr=weakest(wanted),
        second_factor=metadata.require_second_factor,
    )


def check_enough(session: Session, demand: SignInDemand, now: datetime) -> None:
    """Raises `FreshSignInNeeded` for a session that is too old or too weak."""
    if not satisfies(session, demand, now):
        raise FreshSignInNeeded(
            "the client demands more than this session has",
            acr=demand.acr,
            second_factor=demand.second_factor,
            too_old=not satisfies(session, replace(demand, acr="", second_factor=False), now),
        )
