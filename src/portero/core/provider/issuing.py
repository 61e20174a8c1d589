"""The only place where a token is minted.

1. What the token rests on (grant, session, account) is loaded and live: the caller's duty.
2. Claims by RFC 9068 §2.2, with RFC 9470 §6.2 on how the person signed in.
3. One signature, with a key object that the ring holds.
4. A refresh token of 256 bits is stored as its hash. Its successor is HMAC(derived key, token):
   it can be told again to whoever holds the predecessor without lying anywhere in clear.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from portero.core.accounts.model import Account
from portero.core.clients import FIRST_PARTY_CLIENT_ID, Client
from portero.core.keys.ring import KeyRing
from portero.core.provider import store
from portero.core.provider.model import (
    UNBOUND,
    Basis,
    Binding,
    Grant,
    IssuedToken,
    TokenLifetimes,
    TokenSet,
)
from portero.core.sessions import Session
from portero.kit.db import Tx
from portero.kit.ports import Dice
from portero.kit.secrets import Secret, fingerprint
from portero.kit.vault import Vault
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  # RFC 9068 §2.1
_SUCCESSOR_PURPOSE: Final = "refresh-successor"


class Issuing:
    def __init__(
        self, *, ring: KeyRing, dice: Dice, vault: Vault, issuer: str, lifetimes: TokenLifetimes
    ) -> None:
        self._ring = ring
        self._dice = dice
        self._vault = vault
        self.issuer = issuer
        self.lifetimes = lifetimes

    def token_set(self, basis: Basis, *, now: datetime, refresh_token: Secret | None) -> TokenSet:
        """Sign an access token for the grant; no statement, no effect."""
        return TokenSet(
            access_token=Secret(self._access_token(basis, now)),
            expires_in=self.lifetimes.access_seconds,
            scope=basis.grant.scope,
            refresh_token=refresh_token,
            account=basis.account,
            session=basis.session,
        )

    def client_token(
        self, client: Client, *, scope: str, audience: str, binding: Binding, now: datetime
    ) -> IssuedToken:
        """An access token for the client itself. Its `sub` is the client id (RFC 9068 §2.2),
        which no account can have: ids are given out by us, or refused when they look like one."""
        claims = self._claims(
            subject=client.client_id,
            client_id=client.client_id,
            scope=scope,
            audience=audience,
            binding=binding,
            now=now,
        )
        token = Secret(self._signed(claims, now))
        return IssuedToken(token, self.lifetimes.access_seconds, scope, binding.token_type)

    def first_refresh_in(self, tx: Tx, grant: Grant, *, now: datetime) -> Secret:
        """The first refresh token of a grant."""
        token = self._dice.token()
        self._keep(tx, token, grant, now)
        return Secret(token)

    def next_refresh_in(self, tx: Tx, spent: str, grant: Grant, *, now: datetime) -> Secret:
        """The successor of a token that this transaction has spent."""
        token = self._successors(spent)[0]
        self._keep(tx, token, grant, now)
        return Secret(token)

    def told_refresh_in(self, tx: Tx, spent: str, grant_id: str, *, now: datetime) -> Secret | None:
        """The successor that was issued for this token before, if nobody has used it yet.

        Tried under each configured SECRET_KEY, so that a rotation between the lost answer and the
        second try signs nobody out.
        """
        for token in self._successors(spent):
            if store.is_unspent(tx, fingerprint(token), grant_id, now=now):
                return Secret(token)
        return None

    def _keep(self, tx: Tx, token: str, grant: Grant, now: datetime) -> None:
        idle_end = now + timedelta(seconds=self.lifetimes.refresh_idle_seconds)
        expires_at = min(idle_end, grant.expires_at)
        store.add_refresh(tx, fingerprint(token), grant, now=now, expires_at=expires_at)

    def _successors(self, token: str) -> list[str]:
        return [
            base64.urlsafe_b64encode(hmac.digest(key, token.encode(), hashlib.sha256))
            .rstrip(b"=")
            .decode()
            for key in self._vault.keys(_SUCCESSOR_PURPOSE)
        ]

    def _access_token(self, basis: Basis, now: datetime) -> str:
        grant = basis.grant
        claims = {
            **self._claims(
                subject=basis.account.id,
                client_id=grant.client_id,
                scope=grant.scope,
                audience=grant.audience,
                binding=UNBOUND,
                now=now,
            ),
            **authentication_claims(basis.session),
        }
        if grant.client_id == FIRST_PARTY_CLIENT_ID:
            claims |= _brief_claims(basis.account)
        return self._signed(claims, now)

    def _claims(
        self,
        *,
        subject: str,
        client_id: str,
        scope: str,
        audience: str,
        binding: Binding,
        now: datetime,
    ) -> dict[str, Any]:
        """What every access token says (RFC 9068 §2.2)."""
        issued_at = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "exp": issued_at + self.lifetimes.access_seconds,
            "iat": issued_at,
            "jti": self._dice.token(128),
            "client_id": client_id,
            "scope": scope,
        }
        if binding.cnf:
            claims["cnf"] = dict(binding.cnf)
        return claims

    def _signed(self, claims: Mapping[str, Any], now: datetime) -> str:
        signer = self._ring.signer(SigningAlg.ES256, now)
        return sign(claims, key=signer.key, kid=signer.kid, alg=signer.alg, typ=ACCESS_TOKEN_TYPE)


def authentication_claims(session: Session) -> Mapping[str, Any]:
    """Who signed in how: only where a person is behind the token."""
    return {
        "sid": session.id,
        "auth_time": int(session.auth_time.timestamp()),
        "acr": session.acr,
        "amr": list(session.amr),
    }


def _brief_claims(account: Account) -> Mapping[str, str]:
    """The brief's names, on first-party tokens alone: what another application needs not know
    does not travel in its tokens."""
    return {"user_id": account.id, "username": account.username}
