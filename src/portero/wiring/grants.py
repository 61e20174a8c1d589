"""The grants that start from somebody else's word: a token of ours, an assertion of theirs."""

from __future__ import annotations

from collections.abc import Collection

from portero.core.audit import AuditLog
from portero.core.provider.checking import TokenCheck
from portero.core.provider.grants.jwt_bearer import JwtBearerGrant
from portero.core.provider.grants.token_exchange import TokenExchangeGrant
from portero.core.provider.issuing import Issuing
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.provider.subjects import Subjects
from portero.core.provider.token_endpoint import Grant
from portero.kit.db import Database
from portero.kit.ports import Clock, Dice
from portero.protocol.oauth.metadata_policy import GrantType
from portero.settings import Settings
from portero.wiring.parts import trusted_keys


def derived_grants(
    settings: Settings,
    *,
    token_urls: Collection[str],
    db: Database,
    clock: Clock,
    dice: Dice,
    audit: AuditLog,
    issuing: Issuing,
    tokens: TokenCheck,
    subjects: Subjects,
    scopes: Scopes,
    resources: Resources,
) -> dict[str, Grant]:
    """`token_urls`: the token endpoint's, under each of its addresses. JWT bearer is offered where
    the operator trusts somebody to speak for accounts."""
    grants: dict[str, Grant] = {
        GrantType.TOKEN_EXCHANGE: TokenExchangeGrant(
            db=db,
            clock=clock,
            audit=audit,
            issuing=issuing,
            tokens=tokens,
            scopes=scopes,
            resources=resources,
        )
    }
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
