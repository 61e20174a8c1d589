"""The OpenID Provider's rooms, on top of what the house has: tokens, codes, consent, clients."""

from __future__ import annotations

from portero.core.accounts.cache import AccountCache
from portero.core.audit import AuditBuffer
from portero.core.clients import FIRST_PARTY_CLIENT_ID, ClientCache, ClientDocuments
from portero.core.provider.back_channel import LOGOUT_TOLD, BackChannel
from portero.core.provider.checking import TokenCheck
from portero.core.provider.ciba import CIBA_PING
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.connections import Connections
from portero.core.provider.end_session import EndSession
from portero.core.provider.grants.session import FirstParty, SessionGrant
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.id_tokens import IdTokens
from portero.core.provider.introspect import Introspection
from portero.core.provider.issuing import Issuing
from portero.core.provider.liveness import Liveness
from portero.core.provider.model import TokenLifetimes
from portero.core.provider.opaque import OpaqueTokens
from portero.core.provider.possession import Possession
from portero.core.provider.register import (
    ClientInvitations,
    ClientRegistration,
)
from portero.core.provider.resources import Resources
from portero.core.provider.revoke import Revocation
from portero.core.provider.rotation import RefreshRotation
from portero.core.provider.scopes import Scopes
from portero.core.provider.statuses import StatusList, StatusTimes
from portero.core.provider.subjects import Subjects
from portero.core.provider.token_endpoint import TokenEndpoint
from portero.core.provider.userinfo import UserInfo
from portero.core.sessions import SESSIONS_ENDED
from portero.outside.http_fetch import HttpFetch
from portero.web.oidc.oauth import TOKEN_PATH
from portero.web.oidc.register import REGISTRATION_PATH
from portero.web.oidc.userinfo import USERINFO_PATH
from portero.web.places import CIBA_PATH, DEVICE_PATH, PAR_PATH, STATUS_LIST_PATH
from portero.web.rooms import ProviderRooms
from portero.wiring.authorization import join_authorization
from portero.wiring.base import Base, Provider
from portero.wiring.elsewhere import join_elsewhere
from portero.wiring.grants import grants_of
from portero.wiring.parts import encryption, registrants_of


def join_provider(base: Base, *, reachable_levels: tuple[str, ...]) -> Provider:
    """`reachable_levels`: those that a sign-in can reach here."""
    settings, db, clock, dice, vault = base.settings, base.db, base.clock, base.dice, base.vault
    audit, feed, limits, ring = base.audit, base.feed, base.limits, base.ring
    clients, client_keys, sessions = base.clients, base.client_keys, base.sessions
    statuses = StatusList(
        db=db,
        clock=clock,
        ring=ring,
        issuer=settings.issuer,
        uri=settings.issuer + STATUS_LIST_PATH,
        times=StatusTimes(settings.access_token_seconds, settings.status_list_seconds),
    )
    opaque = OpaqueTokens(db=db, dice=dice)
    issuing = Issuing(
        ring=ring,
        dice=dice,
        vault=vault,
        issuer=settings.issuer,
        lifetimes=TokenLifetimes(
            access_seconds=settings.access_token_seconds,
            refresh_idle_seconds=settings.refresh_token_seconds,
            refresh_grace_seconds=settings.refresh_grace_seconds,
        ),
        statuses=statuses,
        opaque=opaque,
    )
    session_grant = SessionGrant(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        issuing=issuing,
        first_party=FirstParty(
            " ".join(settings.api_scopes),
            settings.api_audience,
            second_factor=FIRST_PARTY_CLIENT_ID in settings.second_factor_clients,
        ),
    )
    refresh_grant = RefreshRotation(
        db=db, clock=clock, audit=audit, feed=feed, issuing=issuing, sessions=sessions
    )
    registrants = registrants_of(settings)
    fetch = HttpFetch(allow_loopback=settings.development)
    client_cache = ClientCache(
        db=db,
        clock=clock,
        feed=feed,
        documents=ClientDocuments(
            fetch=fetch, clock=clock, policy=registrants.policy, scopes=registrants.scopes
        )
        if settings.client_id_documents
        else None,
        policy=registrants.policy,
    )
    subjects = Subjects(db=db, dice=dice)
    tokens = TokenCheck(
        db=db,
        clock=clock,
        ring=ring,
        clients=client_cache,
        liveness=Liveness(feed, memory=base.longest_token),
        subjects=subjects,
        opaque=opaque,
        issuer=settings.issuer,
        audience=settings.api_audience,
    )

    scopes = Scopes(settings.scopes)
    resources = Resources(
        known=(settings.api_audience, *settings.resources),
        fallback=settings.issuer + USERINFO_PATH,
    )
    signer = ClientSigner(ring=ring, keys=client_keys, encrypt=encryption())
    id_tokens = IdTokens(
        signer=signer, issuer=settings.issuer, lifetime_seconds=settings.access_token_seconds
    )
    possession = Possession(db=db, clock=clock, vault=vault)
    client_auth = ClientAuth(
        db=db,
        clock=clock,
        audit=audit,
        limits=limits,
        clients=client_cache,
        keys=client_keys,
        issuer=settings.issuer,
        audiences=[
            url
            for path in (TOKEN_PATH, PAR_PATH, DEVICE_PATH, CIBA_PATH)  # RFC 9126 §2, CIBA §7.1
            for url in base.urls_of(path)
        ],
    )
    buffer = AuditBuffer(db, audit)
    hints = IdTokenHints(ring=ring, hmac_key_of=client_keys.hmac_key_of, issuer=settings.issuer)
    authorize, pushed, reader = join_authorization(
        base,
        clients=client_cache,
        client_auth=client_auth,
        possession=possession,
        fetch=fetch,
        hints=hints,
        resources=resources,
        scopes=scopes,
        signer=signer,
        subjects=subjects,
        reachable_levels=reachable_levels,
    )
    elsewhere = join_elsewhere(
        base,
        client_auth=client_auth,
        clients=client_cache,
        possession=possession,
        scopes=scopes,
        resources=resources,
        reader=reader,
        hints=hints,
        subjects=subjects,
        fetch=fetch,
        reachable_levels=reachable_levels,
    )
    token_urls = base.urls_of(TOKEN_PATH)
    token_endpoint = TokenEndpoint(
        client_auth=client_auth,
        possession=possession,
        signer=signer,
        volume=base.volume,
        urls=token_urls,
        grants=grants_of(
            base,
            token_urls=token_urls,
            buffer=buffer,
            issuing=issuing,
            id_tokens=id_tokens,
            tokens=tokens,
            rotation=refresh_grant,
            subjects=subjects,
            scopes=scopes,
            resources=resources,
        ),
    )
    registration = ClientRegistration(
        db=db,
        clock=clock,
        dice=dice,
        audit=audit,
        limits=limits,
        clients=clients,
        fetch=fetch,
        registrants=registrants,
        issuer=settings.issuer,
        url=settings.issuer + REGISTRATION_PATH,
    )
    revocation = Revocation(
        db=db,
        clock=clock,
        audit=audit,
        feed=feed,
        client_auth=client_auth,
        tokens=tokens,
        statuses=statuses,
        opaque=opaque,
    )
    end_session = EndSession(
        db=db,
        hints=hints,
        clients=client_cache,
        subjects=subjects,
        sessions=sessions,
        issuer=settings.issuer,
        development=settings.development,
    )
    back_channel = BackChannel(
        db=db,
        clock=clock,
        dice=dice,
        outbox=base.outbox,
        clients=client_cache,
        subjects=subjects,
        signer=signer,
        fetch=fetch,
        issuer=settings.issuer,
    )
    rooms = ProviderRooms(
        session_grant=session_grant,
        refresh_grant=refresh_grant,
        tokens=tokens,
        token_endpoint=token_endpoint,
        introspection=Introspection(
            db=db,
            clock=clock,
            buffer=buffer,
            client_auth=client_auth,
            tokens=tokens,
            signer=signer,
            volume=base.volume,
            issuer=settings.issuer,
        ),
        revocation=revocation,
        statuses=statuses,
        registration=registration,
        client_invitations=ClientInvitations(db=db, clock=clock, dice=dice, audit=audit),
        authorize=authorize,
        pushed=pushed,
        clients=client_cache,
        devices=elsewhere.devices,
        ciba_asking=elsewhere.asking,
        ciba_answering=elsewhere.answering,
        userinfo=UserInfo(
            clock=clock,
            accounts=AccountCache(db=db, clock=clock, feed=feed),
            clients=client_cache,
            scopes=scopes,
            tokens=tokens,
            signer=signer,
            issuer=settings.issuer,
        ),
        connections=Connections(db=db, clock=clock, audit=audit, feed=feed, clients=client_cache),
        end_session=end_session,
        scopes=scopes,
        detail_types=settings.authorization_details,
    )
    calls = {
        SESSIONS_ENDED: back_channel.follow,
        LOGOUT_TOLD: back_channel.deliver,
        CIBA_PING: elsewhere.pings.deliver,
    }
    return Provider(rooms, buffer, back_channel, calls)
