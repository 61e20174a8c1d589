"""The grants of the token endpoint, by their names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from portero.core.audit import AuditBuffer
from portero.core.provider.checking import TokenCheck
from portero.core.provider.grants.authorization_code import AuthorizationCodeGrant
from portero.core.provider.grants.ciba import CIBA_FLOW
from portero.core.provider.grants.client_credentials import ClientCredentialsGrant
from portero.core.provider.grants.device_code import DEVICE_FLOW
from portero.core.provider.grants.jwt_bearer import JwtBearerGrant
from portero.core.provider.grants.polled import PolledGrant
from portero.core.provider.grants.refresh_token import RefreshTokenGrant
from portero.core.provider.grants.settlement import Settlement
from portero.core.provider.grants.token_exchange import TokenExchangeGrant
from portero.core.provider.id_tokens import IdTokens
from portero.core.provider.issuing import Issuing
from portero.core.provider.resources import Resources
from portero.core.provider.rotation import RefreshRotation
from portero.core.provider.scopes import Scopes
from portero.core.provider.subjects import Subjects
from portero.core.provider.token_endpoint import Grant
from portero.protocol.oauth.metadata_policy import GrantType
from portero.wiring.base import Base
from portero.wiring.parts import offers_ciba, trusted_keys


def grants_of(
    base: Base,
    *,
    token_urls: Collection[str],
    buffer: AuditBuffer,
    issuing: Issuing,
    id_tokens: IdTokens,
    tokens: TokenCheck,
    rotation: RefreshRotation,
    subjects: Subjects,
    scopes: Scopes,
    resources: Resources,
) -> dict[str, Grant]:
    """`token_urls`: the token endpoint's, under each of its addresses. JWT bearer is offered where
    the operator trusts somebody to speak for accounts, CIBA where requests need not be signed."""
    settings, db, clock, dice, audit = base.settings, base.db, base.clock, base.dice, base.audit
    settlement = Settlement(
        audit=audit,
        issuing=issuing,
        id_tokens=id_tokens,
        subjects=subjects,
        offline_lifetime=timedelta(seconds=settings.offline_seconds),
    )
    grants: dict[str, Grant] = {
        GrantType.CLIENT_CREDENTIALS: ClientCredentialsGrant(
            clock=clock, buffer=buffer, issuing=issuing, resources=resources
        ),
        GrantType.AUTHORIZATION_CODE: AuthorizationCodeGrant(
            db=db,
            clock=clock,
            audit=audit,
            feed=base.feed,
            resources=resources,
            settlement=settlement,
        ),
        GrantType.DEVICE_CODE: PolledGrant(
            DEVICE_FLOW,
            db=db,
            clock=clock,
            dice=dice,
            resources=resources,
            settlement=settlement,
        ),
        GrantType.REFRESH_TOKEN: RefreshTokenGrant(
            clock=clock,
            rotation=rotation,
            issuing=issuing,
            id_tokens=id_tokens,
            resources=resources,
            scopes=scopes,
            subjects=subjects,
        ),
        GrantType.TOKEN_EXCHANGE: TokenExchangeGrant(
            db=db,
            clock=clock,
            audit=audit,
            issuing=issuing,
            tokens=tokens,
            scopes=scopes,
            resources=resources,
        ),
    }
    if offers_ciba(settings):
        grants[GrantType.CIBA] = PolledGrant(
            CIBA_FLOW,
            db=db,
            clock=clock,
            dice=dice,
            resources=resources,
            settlement=settlement,
        )
    trusted = trusted_keys("PORTERO_ASSERTION_ISSUERS", settings.assertion_issuers)
    if trusted:
        grants[GrantType.JWT_BEARER] = JwtBearerGrant(
            db=db,
            clock=clock,
            dice=dice,
            audit=audit,
            issuing=issuing,
            subjects=subjects,
            scopes=scopes,
            resources=resources,
            trusted=trusted,
            audiences=(settings.issuer, *token_urls),
        )
    return grants
