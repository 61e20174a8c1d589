"""A token for another token (RFC 8693): for an API that calls the next one for its caller.

1. Only confidential clients that an operator registered for it.
2. The subject token is ours and live; this client has it rightly; it is not bound to a key that
   the client can't show.
3. Less or the same: scope, lifetime; one resource that the client may name.
4. The new token hangs on what the old one hangs on: session, grant, account. `sub` stays as it
   is, pairwise or not. There is no refresh token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from portero.core.audit import AuditLog
from portero.core.provider import store
from portero.core.provider.checking import TokenCheck
from portero.core.provider.events import TokenExchanged
from portero.core.provider.grants import store as grant_store
from portero.core.provider.held import held_account
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import IssuedToken, TokenRequest
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.provider.statuses import Holder
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.errors import InvalidRequest, UnauthorizedClient
from portero.protocol.oauth.token_exchange import (
    ACCESS_TOKEN,
    ExchangeAsked,
    act_claim,
    check_may_act,
    exchanged_scope,
    may_exchange,
    read_exchange,
)
from portero_guard.checks import CheckedToken
from portero_guard.errors import TokenRefused

# Of the old token: on what it rests, and how the person signed in. What else it says was for the
# API that it was for.
_KEPT: Final = ("sid", "grant_id", "auth_time", "acr", "amr", "may_act")
_REFUSED: Final = "The subject_token is not valid, or not for this client."


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A request whose tokens were checked."""

    subject: CheckedToken
    actor: CheckedToken | None
    account_id: str
    scope: str
    audience: str
    act: Mapping[str, Any]


class TokenExchangeGrant:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        issuing: Issuing,
        tokens: TokenCheck,
        scopes: Scopes,
        resources: Resources,
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._issuing = issuing
        self._tokens = tokens
        self._scopes = scopes
        self._resources = resources

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        if asked.client.metadata.is_public:
            raise UnauthorizedClient("a public client can't prove that it is itself")
        exchange = self._checked(asked, read_exchange(asked.form))
        now = self._clock.now()
        with self._issuing.statuses.place(asked.client.client_id, now) as status:
            live = self._db.write(lambda tx: self._keep_in(tx, asked, exchange, now, status))
            if not live:
                raise InvalidRequest(_REFUSED)
        subject, actor = exchange.subject, exchange.actor
        kept = {name: subject.claims[name] for name in _KEPT if name in subject.claims}
        ends = [subject.expires_at, *([actor.expires_at] if actor is not None else [])]
        return self._issuing.derived_token(
            asked.client,
            subject=subject.subject,
            scope=exchange.scope,
            audience=exchange.audience,
            binding=asked.binding,
            more={**kept, **exchange.act},
            now=now,
            expires_at=min(ends),
            status=status,
            told={"issued_token_type": ACCESS_TOKEN},
        )

    def _checked(self, asked: TokenRequest, wanted: ExchangeAsked) -> _Exchange:
        subject = self._token(asked, wanted.unverified_subject, _REFUSED)
        refusal = "The actor_token is not valid, or not of this client."
        actor = None
        if wanted.unverified_actor:
            actor = self._token(asked, wanted.unverified_actor, refusal)
            if actor.client_id != asked.client.client_id:
                raise InvalidRequest(refusal)
        client_id = asked.client.client_id
        acting = {
            "iss": subject.issuer,
            "sub": actor.subject if actor is not None else client_id,
            "client_id": client_id,
        }
        check_may_act(subject.claims, acting)
        scope = exchanged_scope(
            wanted.scope,
            held=str(subject.claims.get("scope", "")).split(),
            open_to_client=self._scopes.open_to(asked.client),
        )
        return _Exchange(
            subject,
            actor,
            self._tokens.person_of(subject),
            " ".join(scope),
            self._resources.audience_of(asked.client, wanted.targets),
            act_claim(acting["sub"] if actor is not None else "", subject.claims),
        )

    def _token(self, asked: TokenRequest, unverified_token: str, refusal: str) -> CheckedToken:
        """A live token of ours that this client has rightly."""
        try:
            checked = self._tokens.check_any_audience(unverified_token)
        except TokenRefused as refused:
            raise InvalidRequest(refusal) from refused
        client = asked.client
        if not may_exchange(
            client_id=client.client_id,
            default_resource=client.metadata.default_resource,
            token_client_id=checked.client_id,
            token_audience=checked.audience,
        ):
            raise InvalidRequest(refusal)
        own = checked.client_id == client.client_id
        if own and dict(checked.claims.get("cnf", {})) != dict(_held(asked, checked)):
            # Else a stolen token that is bound to a key is made into one that is not. An API that
            # was shown a bound token has seen its proof, and has the key of nobody.
            raise InvalidRequest(refusal)
        return checked

    def _keep_in(
        self, tx: Tx, asked: TokenRequest, exchange: _Exchange, now: datetime, status: int
    ) -> bool:
        """Whether all that it rests on lives; then the new token hangs on it too."""
        subject, account_id = exchange.subject, exchange.account_id
        session_id, grant_id = subject.session_id or "", str(subject.claims.get("grant_id", ""))
        if account_id and not self._is_live_in(tx, account_id, session_id, grant_id, now):
            return False
        if account_id:
            holder = Holder(account_id, grant_id, session_id)
            self._issuing.statuses.keep_in(tx, status, holder, issued_at=now)
        actor = exchange.actor
        event = TokenExchanged(
            account_id=account_id,
            session_id=session_id,
            client_id=asked.client.client_id,
            from_client_id=subject.client_id,
            actor_subject=actor.subject if actor is not None else "",
            scope=exchange.scope,
            audience=exchange.audience,
        )
        self._audit.record(tx, asked.actor, now, event)
        return True

    @staticmethod
    def _is_live_in(tx: Tx, account_id: str, session_id: str, grant_id: str, now: datetime) -> bool:
        account = held_account(tx, account_id, session_id=session_id)
        if grant_id and store.find_live_basis(tx, grant_id, now=now) is None:
            return False
        if (
            session_id
            and grant_store.find_live_session(tx, session_id, account_id, now=now) is None
        ):
            return False
        return account is not None and account.is_available


def _held(asked: TokenRequest, checked: CheckedToken) -> Mapping[str, str]:
    """Of the keys that the client has just shown, those that the token is bound to."""
    named = checked.claims.get("cnf", {})
    return {name: value for name, value in asked.binding.cnf.items() if name in named}
