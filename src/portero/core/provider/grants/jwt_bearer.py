"""A token for whom a trusted issuer names (RFC 7523 §2.1): its word instead of a sign-in.

1. Only confidential clients that an operator registered for it, and only issuers that the operator
   declared, with their keys.
2. The assertion is good once. One that names nobody is spent all the same.
3. `sub` is an account id or a username of an active account. Nothing is made for unknown ones.
4. A grant is made for as long as the one token lives, so that it ends with the account, and can be
   revoked. It says nothing of a sign-in, because there was none here: `auth_time` and `acr` are
   left out, and step-up refuses it. There is no refresh token: the issuer can speak again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from portero.core.accounts import store as account_store
from portero.core.accounts.flows import find_identified
from portero.core.accounts.model import Account
from portero.core.audit import AuditLog
from portero.core.provider.events import AssertionAccepted
from portero.core.provider.grants import store as grant_store
from portero.core.provider.issuing import Issuing
from portero.core.provider.model import Grant, IssuedToken, TokenRequest
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.provider.subjects import Subjects
from portero.core.replay import spend_once
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock, Dice
from portero.protocol.oauth.bearer_assertion import BearerAssertion, check_bearer_assertion
from portero.protocol.oauth.errors import InvalidGrant, UnauthorizedClient
from portero.protocol.oauth.scopes import OFFLINE_ACCESS, known_scopes, read_scope

# A grant and its token are made within one second of each other.
_SLACK: Final = timedelta(seconds=1)


class JwtBearerGrant:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        dice: Dice,
        audit: AuditLog,
        issuing: Issuing,
        subjects: Subjects,
        scopes: Scopes,
        resources: Resources,
        trusted: Mapping[str, Mapping[str, Any]],
        audiences: Collection[str],
    ) -> None:
        """`trusted` are JWK sets by issuer; `audiences` what an assertion for us may name: the
        issuer and the token endpoint."""
        self._db = db
        self._clock = clock
        self._dice = dice
        self._audit = audit
        self._issuing = issuing
        self._subjects = subjects
        self._scopes = scopes
        self._resources = resources
        self._trusted = trusted
        self._audiences = tuple(audiences)

    def redeem(self, asked: TokenRequest) -> IssuedToken:
        """Raises `OAuthRefusal`."""
        client, form, now = asked.client, asked.form, self._clock.now()
        if client.metadata.is_public:
            raise UnauthorizedClient("whoever finds an assertion could use it in its name")
        scope = self._scope(asked)
        audience = self._resources.audience_of(client, form.each("resource"))
        assertion = check_bearer_assertion(
            form.require("assertion"),
            trusted=self._trusted,
            expected_audiences=self._audiences,
            now=now,
        )
        draft = self._draft(asked, scope, audience, now)
        with self._issuing.statuses.place(client.client_id, now) as status:
            settled = self._db.write(
                lambda tx: self._settle_in(tx, asked, assertion, draft, now, status)
            )
            if settled is None:
                raise InvalidGrant("used before, or about nobody who is active")
        return self._issuing.derived_token(
            client,
            subject=settled,
            scope=scope,
            audience=audience,
            binding=asked.binding,
            more={"grant_id": draft.id},
            now=now,
            expires_at=draft.expires_at,
            status=status,
            told={},
        )

    def _scope(self, asked: TokenRequest) -> str:
        """What the client asks for, or has registered; nothing that needs a sign-in."""
        open_now = self._scopes.open_to(asked.client) - {OFFLINE_ACCESS}
        wanted = read_scope(asked.form.get("scope")) or self._scopes.default_of(asked.client)
        return " ".join(known_scopes(wanted, allowed=open_now))

    def _draft(self, asked: TokenRequest, scope: str, audience: str, now: datetime) -> Grant:
        """The grant but for its account. Offline: it rests on no session."""
        return Grant(
            id=self._dice.new_id(),
            account_id="",
            client_id=asked.client.client_id,
            session_id="",
            scope=scope,
            audience=audience,
            offline=True,
            created_at=now,
            expires_at=now + timedelta(seconds=self._issuing.lifetimes.access_seconds) + _SLACK,
            auth_time=now,  # of the assertion; never told
            acr="",
            amr=(),
        )

    def _settle_in(
        self,
        tx: Tx,
        asked: TokenRequest,
        assertion: BearerAssertion,
        draft: Grant,
        now: datetime,
        status: int,
    ) -> str | None:
        """The account's name for that client; None when there is nothing to be had."""
        if not spend_once(
            tx, "bearer_assertion", assertion.issuer, assertion.jti, expires_at=assertion.expires_at
        ):
            return None
        named = _account_in(tx, assertion.subject)
        # Its token names no session: see `held`.
        account = account_store.hold(tx, named.id) if named is not None else None
        if account is None or not account.is_available:
            return None  # and the assertion is spent: this commits
        grant = replace(draft, account_id=account.id)
        grant_store.add_grant(tx, grant)
        self._issuing.keep_status_in(tx, status, grant, now=now)
        accepted = AssertionAccepted(
            account_id=account.id,
            client_id=grant.client_id,
            issuer=assertion.issuer,
            grant_id=grant.id,
            scope=grant.scope,
        )
        self._audit.record(tx, asked.actor, now, accepted)
        return self._subjects.subject_in(tx, asked.client, account.id, now=now)


def _account_in(tx: Tx, subject: str) -> Account | None:
    """By id, else by username. Not by mail address: those change hands."""
    if "@" in subject:
        return None
    return account_store.find(tx, subject) or find_identified(tx, subject)
