"""Who of those in the browser is meant, and whether the person has to be asked."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from portero.core.clients import Client
from portero.core.clients.model import CreatedBy
from portero.core.consent import covers
from portero.core.provider.authorize.model import Asked, Seat, Visit
from portero.core.provider.codes.model import AuthorizationCode
from portero.core.sessions import SignInDemand, satisfies
from portero.core.sessions.demand import LEVELS, reaches, weakest
from portero.kit.secrets import fingerprint
from portero.protocol.oauth.authorization_request import CREATE, AuthorizationRequest
from portero.protocol.oauth.errors import UnmetAuthenticationRequirements
from portero.protocol.oauth.redirect_uris import is_claimed

# A code travels through one redirect: a minute is plenty (section 17 of the protocol checklist;
# FAPI 2.0 §5.3.2.1 demands at most this).
CODE_LIFETIME: Final = timedelta(seconds=60)


def demand_of(asked: Asked, *, reachable: Collection[str]) -> SignInDemand:
    """What the request demands of the sign-in; raises `UnmetAuthenticationRequirements`.

    Levels that were asked for but not as essential are a wish (OpenID Connect Core §5.5.1): the
    weakest of them that anybody can reach here is demanded, and none where nobody can.
    """
    request = asked.request
    wanted = [level for level in request.acr_values if level in reachable]
    if request.essential_acr and not wanted:
        raise UnmetAuthenticationRequirements("an essential acr that nobody can reach here")
    return SignInDemand(
        client_id=asked.client.client_id,
        began_at=asked.began_at,
        max_age=request.max_age,
        fresh=asked.asks_to_choose or bool(request.prompt & {"login", CREATE}),
        acr=weakest(wanted),
        second_factor=asked.client.metadata.require_second_factor,
        login_hint=request.login_hint,
    )


def fitting(seats: Collection[Seat], demand: SignInDemand, now: datetime) -> Seat | None:
    """The first of those who may be meant whose session is enough."""
    for seat in seats:
        if satisfies(seat.session, demand, now):
            return seat
    return None


def is_somebody_else(asked: Asked, visit: Visit, meant: Collection[Seat]) -> bool:
    """Whether somebody signed in for this request who is not the one that it means."""
    return bool(asked.request.subject) and any(
        seat.session.auth_time >= asked.began_at and seat not in meant for seat in visit.seats
    )


def check_essential(request: AuthorizationRequest, seat: Seat) -> None:
    """An essential acr is met or refused, never lowered silently (§5.5.1.1)."""
    if request.essential_acr:
        known = [level for level in request.acr_values if level in LEVELS]
        if not known or not reaches(seat.session.acr, weakest(known)):
            raise UnmetAuthenticationRequirements("signed in, but not at that level")


def owes_consent(
    client: Client,
    request: AuthorizationRequest,
    seat: Seat,
    *,
    registrants_trusted: bool = False,
) -> bool:
    """Whether this person has to be asked now. For `registrants_trusted` see `is_vouched_for`."""
    if "consent" in request.prompt:
        return True
    if not is_claimed(request.back.redirect_uri):
        # Any program on the device can take a loopback port or a private-use scheme (RFC 8252
        # §8.6): what was agreed to for one may be asked for by another.
        return True
    if client.first_party:
        return False
    if not is_assured(client, registrants_trusted=registrants_trusted):
        return True
    consent = seat.consent
    if consent is not None and not client.is_older_than(consent.created_at):
        return True
    return bool(request.details) or not covers(
        consent, scope=request.told_scope, resources=request.resources
    )


def code_of(asked: Asked, seat: Seat, *, grant_id: str, now: datetime) -> AuthorizationCode:
    """What the code stands for: this request, as this person agreed to it in this session."""
    request = asked.request
    return AuthorizationCode(
        grant_id=grant_id,
        client_id=asked.client.client_id,
        account_id=seat.account.id,
        session_id=seat.session.id,
        redirect_uri=request.back.redirect_uri,
        redirect_uri_was_sent=request.redirect_uri_was_sent,
        scope=" ".join(request.scope),
        resources=request.resources,
        nonce=request.nonce,
        code_challenge=request.code_challenge,
        dpop_jkt=request.dpop_jkt,
        claims=request.claims,
        details=request.details,
        created_at=now,
        expires_at=now + CODE_LIFETIME,
    )


def question_of(request: AuthorizationRequest, seat: Seat) -> str:
    """Names what the person is asked, and who is asked: a yes counts for this alone.

    Between page and answer somebody else may sign in in another tab, or the client may be given
    more scopes; the one who pressed the button has read of neither.
    """
    shown = [
        seat.session.id,
        seat.account.id,
        request.back.redirect_uri,
        request.told_scope,
        request.resources,
        request.details,
    ]
    return fingerprint(json.dumps(shown, default=dict, sort_keys=True))


def is_vouched_for(client: Client, *, registrants_trusted: bool = False) -> bool:
    """Whether somebody here knows the application: an operator registered it. In certification
    that it registered itself is enough: modules with prompt=none come after a consent, and errors
    have to go back by themselves."""
    itself = registrants_trusted and client.created_by == CreatedBy.DCR
    return itself or client.created_by == CreatedBy.OPERATOR


def is_assured(client: Client, *, registrants_trusted: bool = False) -> bool:
    """Whether the application is who it says: it is known here, and it proves itself."""
    vouched = is_vouched_for(client, registrants_trusted=registrants_trusted)
    return vouched and not client.metadata.is_public
