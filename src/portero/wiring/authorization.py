"""The authorization endpoint, and where requests for it are pushed beforehand: they read a request
by the same rules."""

from __future__ import annotations

from portero.core.clients import ClientCache
from portero.core.login.model import Registration
from portero.core.provider.authorize import Authorize
from portero.core.provider.authorize.answers import Answers
from portero.core.provider.authorize.arrivals import Arrivals
from portero.core.provider.authorize.reading import RequestReader
from portero.core.provider.authorize.remote_objects import RemoteObjects
from portero.core.provider.authorize.waiting import WaitingRequests
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.par import PushedRequests
from portero.core.provider.possession import Possession
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.provider.subjects import Subjects
from portero.outside.http_fetch import HttpFetch
from portero.protocol.oauth.profiles import Profile
from portero.web.places import PAR_PATH
from portero.wiring.base import Base


def join_authorization(
    base: Base,
    *,
    clients: ClientCache,
    client_auth: ClientAuth,
    possession: Possession,
    fetch: HttpFetch,
    hints: IdTokenHints,
    resources: Resources,
    scopes: Scopes,
    signer: ClientSigner,
    subjects: Subjects,
    reachable_levels: tuple[str, ...],
) -> tuple[Authorize, PushedRequests, RequestReader]:
    """With what the certification profile relaxes, and nobody else gets."""
    settings, db, clock, dice, limits = base.settings, base.db, base.clock, base.dice, base.limits
    relaxed = settings.profile is Profile.CERTIFICATION
    reader = RequestReader(
        clock=clock,
        scopes=scopes,
        resources=resources,
        hints=hints,
        keys_of=base.client_keys.jwks_of,
        hmac_key_of=base.client_keys.hmac_key_of,
        detail_types=settings.authorization_details,
        issuer=settings.issuer,
        sign_up_open=Registration(settings.registration) is Registration.OPEN,
        unsigned_allowed=relaxed,
    )
    pushed = PushedRequests(
        db=db,
        clock=clock,
        dice=dice,
        limits=limits,
        client_auth=client_auth,
        validate=reader,
        binding_of=lambda call, client: possession.prove(call, client, urls=base.urls_of(PAR_PATH)),
    )
    authorize = Authorize(
        db=db,
        clock=clock,
        dice=dice,
        audit=base.audit,
        sessions=base.sessions,
        arrivals=Arrivals(
            db=db,
            clock=clock,
            clients=clients,
            reader=reader,
            pushed=pushed,
            remote=RemoteObjects(fetch) if relaxed else None,
        ),
        waiting=WaitingRequests(dice=dice, limits=limits, sessions=base.sessions),
        answers=Answers(
            clock=clock, signer=signer, issuer=settings.issuer, registrants_trusted=relaxed
        ),
        subjects=subjects,
        reachable_levels=reachable_levels,
        registrants_trusted=relaxed,
    )
    return authorize, pushed, reader
