"""What the UserInfo endpoint tells of the person behind a token (OpenID Connect Core §5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portero.core.accounts.cache import AccountCache
from portero.core.clients import ClientCache
from portero.core.provider.checking import TokenCheck
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.person import known_claims
from portero.core.provider.scopes import Scopes
from portero.kit import waiting
from portero.kit.ports import Clock
from portero.protocol.oauth.metadata_model import Encrypted
from portero.protocol.oauth.scopes import OPENID
from portero.protocol.oidc.claims import userinfo_claims
from portero_guard.checks import CheckedToken
from portero_guard.errors import IssuerUnreachable, ScopeMissing, TokenRefused


class UserInfo:
    def __init__(
        self,
        *,
        clock: Clock,
        accounts: AccountCache,
        clients: ClientCache,
        scopes: Scopes,
        tokens: TokenCheck,
        signer: ClientSigner,
        issuer: str,
    ) -> None:
        self._clock = clock
        self._accounts = accounts
        self._signer = signer
        self._issuer = issuer
        self._clients = clients
        self._scopes = scopes
        self._tokens = tokens

    def answer(self, token: CheckedToken) -> Mapping[str, Any] | str:
        """The claims, or a JWT of them for a client that registered a signed answer (§5.3.2).
        Raises `ScopeMissing` without `openid`, and `TokenRefused` for a token without a person.
        No statement once the account is in memory."""
        scope = str(token.claims.get("scope", "")).split(" ")
        if OPENID not in scope:
            raise ScopeMissing("no openid", parameters={"scope": OPENID})
        account_id = self._tokens.person_of(token)
        if not account_id or "auth_time" not in token.claims:
            raise TokenRefused("nobody is behind it")
        client = self._clients.known(token.client_id)
        if client is None:  # a document that can't be read just now: the token is not at fault
            raise IssuerUnreachable("who asks can not be looked up")
        account = self._accounts.find(account_id)
        if account is None or not account.is_active:
            raise TokenRefused("the account is not active")
        asked = token.claims.get("userinfo_claims", [])
        more = [name for each in scope for name in self._scopes.of(each).claims]
        told = userinfo_claims(
            subject=token.subject,
            scope=scope,
            asked=[*asked, *more],
            known=known_claims(account),
        )
        alg = client.metadata.userinfo_signed_response_alg
        if not alg:
            return told
        waiting.expected()  # for a signature, which may be one by RSA
        claims = {**told, "iss": self._issuer, "aud": client.client_id}
        now = self._clock.now()
        return self._signer.told(
            client, claims, kind=Encrypted.USERINFO, alg=alg, typ="JWT", now=now
        )
