"""From what a person agreed to, to tokens: what the code grant and the polled grants share.

Inside the verb's transaction: session and account must still live; the grant is made, and
everything hangs on it. After the commit: the tokens are signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from portero.core.accounts import store as account_store
from portero.core.accounts.model import Account
from portero.core.audit import AuditLog
from portero.core.provider import store
from portero.core.provider.events import TokensIssued
from portero.core.provider.id_tokens import IdTokens
from portero.core.provider.issuing import Issuing, is_opaque_for
from portero.core.provider.model import Binding, Grant, IssuedToken, TokenRequest
from portero.core.provider.subjects import Subjects
from portero.kit.db import Tx
from portero.kit.secrets import Secret
from portero.protocol.oauth.authorization_details import Detail
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scopes import OFFLINE_ACCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What a person let a client have, and in which session."""

    grant_id: str
    account_id: str
    session_id: str
    scope: str
    resources: tuple[str, ...]
    claims: Mapping[str, Any] = field(default_factory=dict)
    details: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Settled:
    """The grant that was made of it, and what its first tokens need."""

    grant: Grant
    account: Account | None
    subject: str
    refresh_token: Secret | None


class Settlement:
    def __init__(
        self,
        *,
        audit: AuditLog,
        issuing: Issuing,
        id_tokens: IdTokens,
        subjects: Subjects,
        offline_lifetime: timedelta,
    ) -> None:
        self._audit = audit
        self._issuing = issuing
        self._id_tokens = id_tokens
        self._subjects = subjects
        self._offline_lifetime = offline_lifetime

    def place(self, asked: TokenRequest, now: datetime) -> AbstractContextManager[int]:
        """The place of the token in the status list; around the transaction, and what it raises."""
        return self._issuing.statuses.place(asked.client.client_id, now)

    def settle_in(
        self,
        tx: Tx,
        asked: TokenRequest,
        agreed: Agreed,
        *,
        grant_type: GrantType,
        audience: str,
        now: datetime,
        status: int,
    ) -> Settled | None:
        """Make the grant; None when its session or account ended meanwhile."""
        draft = self._draft(asked, agreed, audience, now)
        if draft.offline:
            account_store.hold(tx, draft.account_id)  # its tokens name no session: see `held`
        grant = store.add_grant_on_session(tx, draft, now=now)
        if grant is None:
            return None
        self._issuing.keep_status_in(tx, status, grant, now=now)
        refresh = None
        if GrantType.REFRESH_TOKEN in asked.client.metadata.grant_types:
            refresh = self._issuing.refresh_tokens.first_in(tx, grant, now=now)
        subject = self._subjects.subject_in(tx, asked.client, grant.account_id, now=now)
        # Only a claims parameter puts more of the person into an ID token than the session says.
        told = account_store.find(tx, grant.account_id) if grant.claims.get("id_token") else None
        self._audit.record(tx, asked.actor, now, _issued(grant, grant_type))
        return Settled(grant, told, subject, refresh)

    def tokens(
        self,
        asked: TokenRequest,
        settled: Settled,
        *,
        now: datetime,
        status: int,
        nonce: str = "",
        details: Sequence[Detail] = (),
    ) -> IssuedToken:
        """The whole token answer; no statement, but for the one that keeps an opaque token."""
        grant = settled.grant
        issued = self._issuing.person_token(
            grant,
            subject=settled.subject,
            scope=grant.scope,
            audience=grant.audience,
            binding=asked.binding,
            now=now,
            status=status,
            details=details,
            opaque=is_opaque_for(asked.client),
        )
        return self._id_tokens.added_to(
            issued,
            asked.client,
            grant,
            subject=settled.subject,
            account=settled.account,
            nonce=nonce,
            refresh_token=settled.refresh_token,
            now=now,
        )

    def _draft(self, asked: TokenRequest, agreed: Agreed, audience: str, now: datetime) -> Grant:
        """The grant but for what its session says."""
        offline = OFFLINE_ACCESS in agreed.scope.split(" ")
        refresh_binding = _refresh_binding(asked)
        return Grant(
            id=agreed.grant_id,
            account_id=agreed.account_id,
            client_id=asked.client.client_id,
            session_id=agreed.session_id,
            scope=agreed.scope,
            audience=audience,
            offline=offline,
            created_at=now,
            expires_at=now + self._offline_lifetime,
            auth_time=now,
            acr="",
            amr=(),
            resources=agreed.resources,
            claims=agreed.claims,
            details=agreed.details,
            jkt=refresh_binding.jkt,
            x5t_s256=refresh_binding.x5t_s256,
        )


def _refresh_binding(asked: TokenRequest) -> Binding:
    """A public client's refresh tokens are bound to its key (RFC 9449 §5, RFC 8705 §4); another
    client proves itself each time, and may change keys."""
    return asked.binding if asked.client.metadata.is_public else Binding()


def _issued(grant: Grant, grant_type: GrantType) -> TokensIssued:
    return TokensIssued(
        account_id=grant.account_id,
        session_id=grant.session_id,
        client_id=grant.client_id,
        grant_type=grant_type,
        grant_id=grant.id,
        scope=grant.scope,
    )
