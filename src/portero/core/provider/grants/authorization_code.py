"""A code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.6, OpenID Connect Core §3.1.3).

1. Redeem the code: one statement, with three answers.
2. Spent: somebody has a copy. Whatever its first use gave is revoked (RFC 9700 §2.1.1).
3. Fresh: redirect URI, verifier and key must be those of the request. A wrong one burns the code:
   whoever guesses has one try.
4. Session and account must still live; the grant is made, and everything hangs on it: see
   `settlement`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portero.core.audit import AuditLog
from portero.core.changes import ChangeFeed, ChangeKind
from portero.core.provider import store
from portero.core.provider.codes import store as code_store
from portero.core.provider.codes.model import AuthorizationCode
from portero.core.provider.events import CodeReplayed
from portero.core.provider.grants.settlement import Agreed, Settled, Settlement
from portero.core.provider.model import IssuedToken, RefreshState, TokenRequest
from portero.core.provider.resources import Resources
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import fingerprint
from portero.protocol.oauth import pkce
from portero.protocol.oauth.authorization_details import Detail, narrowed
from portero.protocol.oauth.errors import InvalidGrant, OAuthRefusal
from portero.protocol.oauth.metadata_policy import GrantType


@dataclass(frozen=True, slots=True)
class _Redeemed:
    code: AuthorizationCode
    settled: Settled
    details: tuple[Detail, ...]


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
        resources: Resources,
        settlement: Settlement,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._feed = feed
        self._resources = resources
        self._settlement = settlement

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        now = self._clock.now()
        code_hash = fingerprint(asked.form.require("code"))
        with self._settlement.place(asked, now) as status:
            outcome = self._db.write(lambda tx: self._redeem_in(tx, asked, code_hash, now, status))
            if isinstance(outcome, _Replayed):
                self._feed.apply_now(ChangeKind.GRANT_REVOKED, outcome.grant_id, now)
                raise InvalidGrant("a spent code came back; what it gave was revoked")
            if isinstance(outcome, OAuthRefusal):
                raise outcome
        return self._settlement.tokens(
            asked,
            outcome.settled,
            nonce=outcome.code.nonce,
            details=outcome.details,
            now=now,
            status=status,
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
            audience = self._resources.first_of(
                asked.client, granted=code.resources, asked=asked.form.each("resource")
            )
            details = narrowed(asked.form.get("authorization_details"), within=code.details)
        except OAuthRefusal as refusal:
            return refusal  # and the code is spent: this commits
        settled = self._settlement.settle_in(
            tx,
            asked,
            _agreed(code),
            grant_type=GrantType.AUTHORIZATION_CODE,
            audience=audience,
            now=now,
            status=status,
        )
        if settled is None:
            return InvalidGrant("its session or account ended")
        return _Redeemed(code, settled, details)

    def _replayed_in(self, tx: Tx, asked: TokenRequest, grant_id: str, now: datetime) -> _Replayed:
        if store.revoke_grant(tx, grant_id, now=now):
            self._feed.note(tx, ChangeKind.GRANT_REVOKED, grant_id)
            replayed = CodeReplayed(client_id=asked.client.client_id, grant_id=grant_id)
            self._audit.record(tx, asked.actor, now, replayed)
        return _Replayed(grant_id)


def _agreed(code: AuthorizationCode) -> Agreed:
    return Agreed(
        grant_id=code.grant_id,
        account_id=code.account_id,
        session_id=code.session_id,
        scope=code.scope,
        resources=code.resources,
        claims=code.claims,
        details=code.details,
    )


def _check_request(asked: TokenRequest, code: AuthorizationCode) -> None:
    given = asked.form.get("redirect_uri")
    expected = code.redirect_uri if code.redirect_uri_was_sent else None
    if given != expected and given != code.redirect_uri:
        raise InvalidGrant("redirect_uri is missing, or another one")  # RFC 6749 §4.1.3
    pkce.check_verifier(asked.form.get("code_verifier"), expected_challenge=code.code_challenge)
    if code.dpop_jkt and asked.binding.jkt != code.dpop_jkt:
        raise InvalidGrant("the proof is of another key")  # RFC 9449 §10
