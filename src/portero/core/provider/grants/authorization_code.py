"""A code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.6, OpenID Connect Core §3.1.3).

1. Redeem the code: one statement, with three answers.
2. Spent: somebody has a copy. Whatever its first use gave is revoked (RFC 9700 §2.1.1).
3. Fresh: redirect URI, verifier and key must be those of the request. A wrong one burns the code:
   whoever guesses has one try.
4. Session and account must still live; the grant is made, and everything hangs on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from portero.core.accounts.model import Account
from portero.core.audit import AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.provider import store
from portero.core.provider.codes import store as code_store
from portero.core.provider.codes.model import AuthorizationCode
from portero.core.provider.events import CodeReplayed, TokensIssued
from portero.core.provider.id_tokens import IdTokens
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import (
    Binding,
    Grant,
    IssuedToken,
    RefreshState,
    TokenRequest,
)
from portero.core.provider.resources import Resources
from portero.core.provider.subjects import Subjects
from portero.core.sessions import Session
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import Secret, fingerprint
from portero.protocol.oauth import pkce
from portero.protocol.oauth.errors import InvalidGrant, OAuthRefusal
from portero.protocol.oauth.metadata_policy import GrantType
from portero.protocol.oauth.scopes import OFFLINE_ACCESS


@dataclass(frozen=True, slots=True)
class _Redeemed:
    code: AuthorizationCode
    grant: Grant
    account: Account
    subject: str
    refresh_token: Secret | None


@dataclass(frozen=True, slots=True)
class _Replayed:
    grant_id: str


class AuthorizationCodeGrant:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        feed: ChangeFeed,
        issuing: Issuing,
        id_tokens: IdTokens,
        resources: Resources,
        subjects: Subjects,
        offline_lifetime: timedelta,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._feed = feed
        self._issuing = issuing
        self._id_tokens = id_tokens
        self._resources = resources
        self._subjects = subjects
        self._offline_lifetime = offline_lifetime

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        now = self._clock.now()
        code_hash = fingerprint(asked.form.require("code"))
        status = self._issuing.status_index(asked.client.client_id, now)
        outcome = self._db.write(lambda tx: self._redeem_in(tx, asked, code_hash, now, status))
        if isinstance(outcome, _Replayed):
            self._feed.apply_now(ChangeKind.GRANT_REVOKED, outcome.grant_id, now)
            raise InvalidGrant("a spent code came back; what it gave was revoked")
        if isinstance(outcome, OAuthRefusal):
            raise outcome
        grant = outcome.grant
        issued = self._issuing.person_token(
            grant,
            subject=outcome.subject,
            scope=grant.scope,
            audience=grant.audience,
            binding=asked.binding,
            now=now,
            status=status,
        )
        return self._id_tokens.added_to(
            issued,
            asked.client,
            grant,
            subject=outcome.subject,
            account=outcome.account,
            nonce=outcome.code.nonce,
            refresh_token=outcome.refresh_token,
            now=now,
        )

    def _redeem_in(
        self, tx: Tx, asked: TokenRequest, code_hash: str, now: datetime, status: int
    ) -> _Redeemed | _Replayed | OAuthRefusal:
        redeemed = code_store.redeem_code(tx, code_hash, asked.client.client_id, now=now)
        if redeemed.state is RefreshState.SPENT:
            return self._replayed_in(tx, asked, redeemed.grant_id, now)
        code = redeemed.code
        if code is None:
            return InvalidGrant("unknown, expired, or another client's code")
        try:
            _check_request(asked, code)
            audience = self._audience(asked, code)
        except OAuthRefusal as refusal:
            return refusal  # and the code is spent: this commits
        found = store.find_live_session(tx, code.session_id, code.account_id, now=now)
        if found is None:
            return InvalidGrant("its session or account ended")
        session, account = found
        grant = self._grant(asked, code, session, audience, now)
        store.add_grant(tx, grant)
        self._issuing.keep_status_in(tx, status, grant, now=now)
        refresh = None
        if GrantType.REFRESH_TOKEN in asked.client.metadata.grant_types:
            refresh = self._issuing.first_refresh_in(tx, grant, now=now)
        subject = self._subjects.subject_in(tx, asked.client, account.id, now=now)
        self._audit.record(tx, asked.actor, now, _issued(grant))
        return _Redeemed(code, grant, account, subject, refresh)

    def _grant(
        self,
        asked: TokenRequest,
        code: AuthorizationCode,
        session: Session,
        audience: str,
        now: datetime,
    ) -> Grant:
        offline = OFFLINE_ACCESS in code.scope.split(" ")
        refresh_binding = _refresh_binding(asked)
        return Grant(
            id=code.grant_id,
            account_id=code.account_id,
            client_id=code.client_id,
            session_id=code.session_id,
            scope=code.scope,
            audience=audience,
            offline=offline,
            created_at=now,
            expires_at=now + self._offline_lifetime if offline else session.expires_at,
            auth_time=session.auth_time,
            acr=session.acr,
            amr=session.amr,
            resources=code.resources,
            claims=code.claims,
            details=code.details,
            jkt=refresh_binding.jkt,
            x5t_s256=refresh_binding.x5t_s256,
        )

    def _audience(self, asked: TokenRequest, code: AuthorizationCode) -> str:
        named = asked.form.each("resource")
        if not named:
            return self._resources.first_of(asked.client, code.resources)
        return self._resources.picked(asked.client, granted=code.resources, asked=named)

    def _replayed_in(self, tx: Tx, asked: TokenRequest, grant_id: str, now: datetime) -> _Replayed:
        if store.revoke_grant(tx, grant_id, now=now):
            self._feed.note(tx, ChangeKind.GRANT_REVOKED, grant_id)
            replayed = CodeReplayed(client_id=asked.client.client_id, grant_id=grant_id)
            self._audit.record(tx, asked.actor, now, replayed)
        return _Replayed(grant_id)


def _check_request(asked: TokenRequest, code: AuthorizationCode) -> None:
    given = asked.form.get("redirect_uri")
    expected = code.redirect_uri if code.redirect_uri_was_sent else None
    if given != expected and given != code.redirect_uri:
        raise InvalidGrant("redirect_uri is missing, or another one")  # RFC 6749 §4.1.3
    pkce.check_verifier(asked.form.get("code_verifier"), expected_challenge=code.code_challenge)
    if code.dpop_jkt and asked.binding.jkt != code.dpop_jkt:
        raise InvalidGrant("the proof is of another key")  # RFC 9449 §10


def _refresh_binding(asked: TokenRequest) -> Binding:
    """A public client's refresh tokens are bound to its key (RFC 9449 §5, RFC 8705 §4); another
    client proves itself each time, and may change keys."""
    return asked.binding if asked.client.metadata.is_public else Binding()


def _issued(grant: Grant) -> TokensIssued:
    return TokensIssued(
        account_id=grant.account_id,
        session_id=grant.session_id,
        client_id=grant.client_id,
        grant_type=GrantType.AUTHORIZATION_CODE,
        grant_id=grant.id,
        scope=grant.scope,
    )
