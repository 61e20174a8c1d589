"""The grants that start from somebody else's word: a token of ours, an assertion of theirs."""

from __future__ import annotations

from portero.core.audit import AuditLog
from portero.core.provider.checking import TokenCheck
from portero.core.provider.grants.token_exchange import TokenExchangeGrant
from portero.core.provider.issuing import Issuing
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.provider.token_endpoint import Grant
from portero.kit.db import Database
from portero.kit.ports import Clock
from portero.protocol.oauth.metadata_policy import GrantType


def derived_grants(
    *,
    db: Database,
    clock: Clock,
    audit: AuditLog,
    issuing: Issuing,
    tokens: TokenCheck,
    scopes: Scopes,
    resources: Resources,
) -> dict[str, Grant]:
    return {
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
