"""Token introspection (RFC 7662): is this token good, now?

The caller is a client that has proven itself. It is told of tokens that were issued to it, and of
those whose audience is the resource that it registered; of every other token it learns exactly as
much as of a made-up one, so that the endpoint is no oracle (§4).

A caller that has to show the answer to others, or that does not trust what lies between, gets it
signed (RFC 9701).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from portero.core.audit import Actor, Alike, AuditBuffer
from portero.core.clients import Client
from portero.core.limits import Volume, VolumePolicy
from portero.core.provider import store
from portero.core.provider.checking import TokenCheck
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.client_signer import ClientSigner
from portero.core.provider.events import TokenIntrospected
from portero.core.provider.model import Basis, ClientCall
from portero.core.provider.opaque import is_refresh
from portero.core.provider.token_endpoint import acting
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.kit.secrets import fingerprint
from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.metadata_model import Encrypted
from portero.protocol.oauth.metadata_policy import usual_signing_alg
from portero_guard.checks import CheckedToken
from portero_guard.errors import TokenRefused

INACTIVE: Mapping[str, Any] = {"active": False}
SIGNED_TYPE: Final = "token-introspection+jwt"  # RFC 9701 §5
# 1000 a second: an API asks for every request of its own.
INTROSPECTIONS_BY_CLIENT: Final = VolumePolicy(
    "introspections_by_client", tries=60_000, window_seconds=60
)
# RFC 7662 §2.2, with RFC 9470 §6.2. What else a token holds is not for everybody who may ask.
_TOLD = (
    *("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"),
    *("username", "auth_time", "acr", "amr", "sid", "cnf", "authorization_details"),
)


class Introspection:
    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        buffer: AuditBuffer,
        client_auth: ClientAuth,
        tokens: TokenCheck,
        signer: ClientSigner,
        volume: Volume,
        issuer: str,
    ) -> None:
        self._signer = signer
        self._volume = volume
        self._issuer = issuer
        self._db = db
        self._clock = clock
        self._buffer = buffer
        self._client_auth = client_auth
        self._tokens = tokens

    def answer(self, call: ClientCall) -> Mapping[str, Any] | str:
        """The JSON of §2.2, or a JWT of it for whoever accepts one; raises `OAuthRefusal`. No
        statement once the caller is in memory."""
        caller = self._client_auth.authenticate(call)
        if caller.metadata.is_public:
            raise InvalidClient("anybody could ask in the name of a public client")
        self._volume.spend(INTROSPECTIONS_BY_CLIENT, caller.client_id)
        told = self._told(caller, call.form.require("token"))
        self._note(call.actor, caller, active=told["active"])
        return self._signed(caller, told) if call.wants_jwt else told

    def _note(self, actor: Actor, caller: Client, *, active: bool) -> None:
        client_id = caller.client_id

        def asked(count: int) -> TokenIntrospected:
            return TokenIntrospected(client_id=client_id, active=active, count=count)

        def begun() -> Alike:
            return Alike(acting(actor, caller), self._clock.now(), asked)

        self._buffer.count((client_id, actor.origin.address, active), begun)

    def _signed(self, caller: Client, told: Mapping[str, Any]) -> str:
        """RFC 9701 §5. What the token says lies in a member of its own, and nothing at the top says
        `sub` or `exp`: else the answer could be shown around as if it were a token (§8.1)."""
        now = self._clock.now()
        registered = caller.metadata.introspection_signed_response_alg
        return self._signer.told(
            caller,
            {
                "iss": self._issuer,
                "aud": caller.client_id,
                "iat": int(now.timestamp()),
                "token_introspection": dict(told),
            },
            kind=Encrypted.INTROSPECTION,
            alg=registered or usual_signing_alg(caller.metadata.profile),
            typ=SIGNED_TYPE,
            now=now,
        )

    def _told(self, caller: Client, token: str) -> Mapping[str, Any]:
        if is_refresh(token):
            return self._refresh(caller, token)
        try:
            checked = self._tokens.check_any_audience(token)
        except TokenRefused:
            return INACTIVE
        if not _may_see(caller, checked):
            return INACTIVE
        told = {name: checked.claims[name] for name in _TOLD if name in checked.claims}
        return {
            "active": True,
            "token_type": "DPoP" if "jkt" in checked.claims.get("cnf", {}) else "Bearer",
            **told,
        }

    def _refresh(self, caller: Client, token: str) -> Mapping[str, Any]:
        """A refresh token is told of to its own client alone, and is not spent by asking."""
        now = self._clock.now()

        def unit(tx: Tx) -> tuple[Basis | None, datetime]:
            found = store.find_refresh(tx, fingerprint(token), caller.client_id, now=now)
            if found is None:
                return None, now
            grant_id, expires_at = found
            return store.find_live_basis(tx, grant_id, now=now), expires_at

        basis, expires_at = self._db.read(unit)
        if basis is None:
            return INACTIVE
        grant = basis.grant
        return {
            "active": True,
            "token_type": "refresh_token",
            "client_id": grant.client_id,
            "scope": grant.scope,
            "exp": int(expires_at.timestamp()),
        }


def _may_see(caller: Client, checked: CheckedToken) -> bool:
    if checked.client_id == caller.client_id:
        return True
    resource = caller.metadata.default_resource
    return bool(resource) and checked.audience == resource
