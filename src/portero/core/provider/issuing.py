"""The only place where a token is minted.

1. What the token rests on (grant, session, account) is loaded and live: the caller's duty.
2. Claims by RFC 9068 §2.2, with RFC 9470 §6.2 on how the person signed in.
3. One signature, with a key object that the ring holds; or a row, for a client that registered
   opaque access tokens.
4. Refresh tokens are made next door: `refresh_tokens.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from portero.core.accounts.model import Account
from portero.core.clients import Client
from portero.core.keys.ring import KeyRing
from portero.core.provider.model import (
    UNBOUND,
    Basis,
    Binding,
    Grant,
    IssuedToken,
    TokenLifetimes,
    TokenSet,
)
from portero.core.provider.opaque import OpaqueTokens
from portero.core.provider.refresh_tokens import RefreshTokens
from portero.core.provider.statuses import Holder, StatusList
from portero.kit import waiting
from portero.kit.db import Tx
from portero.kit.ports import Dice
from portero.kit.secrets import Secret
from portero.kit.vault import Vault
from portero.protocol.jose.algorithms import SigningAlg
from portero.protocol.jose.jwt import sign

ACCESS_TOKEN_TYPE: Final = "at+jwt"  # noqa: S105  # RFC 9068 §2.1


class Issuing:
    def __init__(
        self,
        *,
        ring: KeyRing,
        dice: Dice,
        vault: Vault,
        issuer: str,
        lifetimes: TokenLifetimes,
        statuses: StatusList,
        opaque: OpaqueTokens,
    ) -> None:
        self._opaque = opaque
        self.statuses = statuses
        self._ring = ring
        self._dice = dice
        self.refresh_tokens = RefreshTokens(dice=dice, vault=vault, lifetimes=lifetimes)
        self.issuer = issuer
        self.lifetimes = lifetimes

    def keep_status_in(self, tx: Tx, index: int, grant: Grant, *, now: datetime) -> None:
        """Note whose token has that place, so that what ends the grant ends the token."""
        # A token that outlives its session names none: see `_person_claims`.
        holder = Holder(grant.account_id, grant.id, "" if grant.offline else grant.session_id)
        self.statuses.keep_in(tx, index, holder, issued_at=now)

    def token_set(
        self, basis: Basis, *, now: datetime, refresh_token: Secret | None, status: int
    ) -> TokenSet:
        """Sign an access token for the grant; no statement, no effect."""
        grant = basis.grant
        claims = self._person_claims(
            grant,
            subject=basis.account.id,
            scope=grant.scope,
            audience=grant.audience,
            now=now,
            status=status,
        )
        return TokenSet(
            access_token=Secret(self._signed(claims | _brief_claims(basis.account), now)),
            expires_in=_lifetime(claims),
            scope=grant.scope,
            refresh_token=refresh_token,
            account=basis.account,
        )

    def person_token(
        self,
        grant: Grant,
        *,
        subject: str,
        scope: str,
        audience: str,
        binding: Binding,
        now: datetime,
        status: int,
        details: Sequence[Mapping[str, Any]] = (),
        opaque: bool = False,
    ) -> IssuedToken:
        """An access token for what the grant allows, or a part of it. `subject` is the person's
        name for that client. It names its grant, so that it dies with it (RFC 6749 §4.1.2)."""
        claims = self._person_claims(
            grant,
            subject=subject,
            scope=scope,
            audience=audience,
            binding=binding,
            now=now,
            status=status,
        )
        claims["grant_id"] = grant.id
        told = {}
        if details:
            # RFC 9396 §7 and §9.1: in the answer and in the token, as they were granted.
            told["authorization_details"] = [dict(each) for each in details]
            claims |= told
        named = [name for name in grant.claims.get("userinfo", {}) if name]
        if named:
            claims["userinfo_claims"] = named  # for the UserInfo endpoint alone
        token = self._minted(claims, now, opaque=opaque)
        return IssuedToken(token, _lifetime(claims), scope, binding.token_type, more=told)

    def client_token(
        self, client: Client, *, scope: str, audience: str, binding: Binding, now: datetime
    ) -> IssuedToken:
        """An access token for the client itself. Its `sub` is the client id (RFC 9068 §2.2),
        which no account can have: ids are given out by us, or refused when they look like one."""
        is_opaque = is_opaque_for(client)
        if is_opaque:
            waiting.expected()  # before it has a place in the status list
        claims = self._claims(
            subject=client.client_id,
            client_id=client.client_id,
            scope=scope,
            audience=audience,
            binding=binding,
            now=now,
            status=self.statuses.next_index(client.client_id, now),
        )
        token = self._minted(claims, now, opaque=is_opaque)
        return IssuedToken(token, _lifetime(claims), scope, binding.token_type)

    def derived_token(
        self,
        client: Client,
        *,
        subject: str,
        scope: str,
        audience: str,
        binding: Binding,
        more: Mapping[str, Any],
        now: datetime,
        expires_at: datetime,
        status: int,
        told: Mapping[str, Any],
    ) -> IssuedToken:
        """An access token that rests on another token or an assertion: it ends at `expires_at` at
        the latest. `more` are claims, `told` members of the answer."""
        claims = self._claims(
            subject=subject,
            client_id=client.client_id,
            scope=scope,
            audience=audience,
            binding=binding,
            now=now,
            status=status,
        )
        _end_by(claims, expires_at)
        token = self._minted({**claims, **more}, now, opaque=is_opaque_for(client))
        return IssuedToken(token, _lifetime(claims), scope, binding.token_type, more=told)

    def _person_claims(
        self,
        grant: Grant,
        *,
        subject: str,
        scope: str,
        audience: str,
        now: datetime,
        status: int,
        binding: Binding = UNBOUND,
    ) -> dict[str, Any]:
        claims = self._claims(
            subject=subject,
            client_id=grant.client_id,
            scope=scope,
            audience=audience,
            binding=binding,
            now=now,
            status=status,
        )
        _end_by(claims, grant.expires_at)
        # A token that names a session dies with it. That of an offline grant does not.
        session = {} if grant.offline else {"sid": grant.session_id}
        return claims | session | authentication_claims(grant)

    def _claims(
        self,
        *,
        subject: str,
        client_id: str,
        scope: str,
        audience: str,
        binding: Binding,
        now: datetime,
        status: int,
    ) -> dict[str, Any]:
        """What every access token says (RFC 9068 §2.2), and its place in the status list."""
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
            **self.statuses.claim(status),
        }
        if binding is not UNBOUND and binding.cnf:
            claims["cnf"] = dict(binding.cnf)
        return claims

    def _minted(self, claims: Mapping[str, Any], now: datetime, *, opaque: bool) -> Secret:
        return self._opaque.issue(claims) if opaque else Secret(self._signed(claims, now))

    def _signed(self, claims: Mapping[str, Any], now: datetime) -> str:
        signer = self._ring.signer(SigningAlg.ES256, now)
        return sign(claims, key=signer.key, kid=signer.kid, alg=signer.alg, typ=ACCESS_TOKEN_TYPE)


def _end_by(claims: dict[str, Any], moment: datetime) -> None:
    """No token outlives what it rests on."""
    claims["exp"] = min(claims["exp"], int(moment.timestamp()))


def _lifetime(claims: Mapping[str, Any]) -> int:
    return max(0, int(claims["exp"] - claims["iat"]))


def is_opaque_for(client: Client) -> bool:
    """Whether the client registered access tokens that tell nobody anything."""
    return client.metadata.access_token_format == "opaque"  # noqa: S105  # a format


def authentication_claims(grant: Grant) -> dict[str, Any]:
    """How the person signed in: only where one is behind the token."""
    return {
        "auth_time": int(grant.auth_time.timestamp()),
        "acr": grant.acr,
        "amr": list(grant.amr),
    }


def _brief_claims(account: Account) -> dict[str, Any]:
    """The brief's names, on first-party tokens alone: what another application needs not know
    does not travel in its tokens."""
    return {"user_id": account.id, "username": account.username}
