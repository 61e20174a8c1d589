"""ID tokens (OpenID Connect Core §2): minted beside `issuing`, for the client that they name.

Signed by the algorithm that the client registered: one of ours, or HMAC with its own secret.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from portero.core.accounts.model import Account
from portero.core.clients import Client
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.issuing import authentication_claims
from portero.core.provider.model import Grant, IssuedToken
from portero.core.provider.person import known_claims
from portero.kit.secrets import Secret
from portero.protocol.oauth.metadata_model import Encrypted
from portero.protocol.oauth.scopes import OPENID
from portero.protocol.oidc.claims import id_token_claims
from portero.protocol.oidc.id_token import build_id_token

TYPE: Final = "JWT"


class IdTokens:
    def __init__(self, *, signer: ClientSigner, issuer: str, lifetime_seconds: int) -> None:
        self._signer = signer
        self._issuer = issuer
        self._lifetime_seconds = lifetime_seconds

    def added_to(
        self,
        issued: IssuedToken,
        client: Client,
        grant: Grant,
        *,
        subject: str,
        account: Account | None,
        refresh_token: Secret | None,
        now: datetime,
        nonce: str = "",
    ) -> IssuedToken:
        """The whole token answer: with an ID token where these tokens have `openid`."""
        id_token = None
        if OPENID in issued.scope.split(" "):
            alg = client.metadata.id_token_signed_response_alg
            claims = build_id_token(
                issuer=self._issuer,
                subject=subject,
                client_id=client.client_id,
                issued_at=int(now.timestamp()),
                lifetime_seconds=self._lifetime_seconds,
                authentication={"sid": grant.session_id, **authentication_claims(grant)},
                nonce=nonce,
                extra=_asked_for(grant, account),
                access_token=issued.access_token.reveal(),
                alg=alg,
            )
            told = self._signer.told(
                client, claims, kind=Encrypted.ID_TOKEN, alg=alg, typ=TYPE, now=now
            )
            id_token = Secret(told)
        return IssuedToken(
            issued.access_token,
            issued.expires_in,
            issued.scope,
            issued.token_type,
            refresh_token,
            id_token,
            issued.more,
        )


def _asked_for(grant: Grant, account: Account | None) -> dict[str, Any]:
    """By the claims parameter, which few requests have (OpenID Connect Core §5.5)."""
    asked = grant.claims.get("id_token")
    if not asked or account is None:
        return {}
    return id_token_claims(asked=asked, known=known_claims(account))
