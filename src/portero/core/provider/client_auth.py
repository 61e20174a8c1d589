"""Who is the client? By the method that it registered, and no other (RFC 6749 §2.3).

A success by secret or certificate costs no SQL: the client is in memory, its secret has 256 bits
and one SHA-256 compares it. An assertion costs the one statement that makes it good for one use.
A failure is counted, so that whoever tries many is told to wait.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from portero.core.audit import Actor, AuditLog
from portero.core.clients import Client, ClientCache, ClientHasNoSecret, ClientKeys, CreatedBy
from portero.core.clients.rules import is_secret_of
from portero.core.limits import AddressPolicy, Limits, OverLimit
from portero.core.provider.events import ClientAuthFailed
from portero.core.provider.model import ClientCall
from portero.core.replay import spend_once
from portero.kit.db import Database, Tx
from portero.kit.ports import Clock
from portero.protocol.oauth.client_assertion import (
    CheckedAssertion,
    check_client_assertion,
    check_secret_assertion,
    unverified_key_id,
)
from portero.protocol.oauth.errors import InvalidClient
from portero.protocol.oauth.metadata_policy import (
    ASYMMETRIC_ALGS,
    FAPI2_ALGS,
    AuthMethod,
)
from portero.protocol.oauth.presented import Presented, presented

if TYPE_CHECKING:
    from portero.protocol.oauth.certificates import Certificate

# Failures alone are counted. A deployment with a wrong secret in it tries for ever; it is slowed
# down, and the log says which one.
CLIENT_AUTH_BY_ADDRESS: Final = AddressPolicy("client_auth_by_address", tries=60, window_seconds=60)

# A certificate names no key. That no kept set has this one lets a `jwks_uri` be asked again.
_NEW_KEY: Final = object()


class ClientAuth:
    """`audiences` are the URLs that an assertion may be made for besides the issuer: the token
    endpoint's, under each of its addresses."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        audit: AuditLog,
        limits: Limits,
        clients: ClientCache,
        keys: ClientKeys,
        issuer: str,
        audiences: Collection[str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._audit = audit
        self._limits = limits
        self._clients = clients
        self._keys = keys
        self._issuer = issuer
        self._audiences = (issuer, *audiences)

    def authenticate(self, call: ClientCall) -> Client:
        """The client, proven and active; raises `InvalidClient`, `InvalidRequest`, `OverLimit`,
        and `ClientKeysUnavailable` when the place of its keys does not answer."""
        client = None
        try:
            shown = presented(call.form, call.authorization)
            client = self._clients.find(shown.unverified_client_id)
            return self._proven(client, shown, call)
        except InvalidClient:
            self._count_failure(call.actor, client)
            raise

    def _proven(self, client: Client | None, shown: Presented, call: ClientCall) -> Client:
        if client is None or not client.is_active:
            raise InvalidClient("unknown" if client is None else client.state.value)
        if client.created_by == CreatedBy.BUILT_IN:
            # Its tokens rest on their session, and end by signing out: what ends a grant here
            # would leave the session.
            raise InvalidClient("the built-in client has its own endpoints")
        method = client.metadata.token_endpoint_auth_method
        if method not in shown.methods:
            # A confidential client can't drop to `none`, nor a secret move into the body.
            raise InvalidClient(f"this is not {method}, which is the registered method")
        match method:
            case AuthMethod.SECRET_BASIC | AuthMethod.SECRET_POST:
                if not is_secret_of(client, given=shown.unverified_secret):
                    raise InvalidClient("a wrong secret")
            case AuthMethod.PRIVATE_KEY_JWT:
                self._spend(self._signed_by(client, shown.unverified_assertion))
            case AuthMethod.SECRET_JWT:
                self._spend(self._authenticated_by(client, shown.unverified_assertion))
            case AuthMethod.TLS | AuthMethod.SELF_SIGNED_TLS:
                self._check_certificate(client, call)
            case AuthMethod.NONE:
                pass
        return client

    def _signed_by(self, client: Client, unverified_assertion: str) -> CheckedAssertion:
        chosen = client.metadata.token_endpoint_auth_signing_alg
        usual = FAPI2_ALGS if client.metadata.keeps_fapi2 else ASYMMETRIC_ALGS
        kid = unverified_key_id(unverified_assertion)
        return check_client_assertion(
            unverified_assertion,
            expected_client_id=client.client_id,
            expected_audiences=self._audiences_for(client),
            jwks=self._keys.jwks_of(client, kid=kid),
            algorithms=(chosen,) if chosen else usual,
            now=self._clock.now(),
        )

    def _authenticated_by(self, client: Client, unverified_assertion: str) -> CheckedAssertion:
        try:
            secret = self._keys.hmac_key_of(client)
        except ClientHasNoSecret as refusal:
            raise InvalidClient(refusal.detail) from refusal
        return check_secret_assertion(
            unverified_assertion,
            expected_client_id=client.client_id,
            expected_audiences=self._audiences_for(client),
            secret=secret,
            now=self._clock.now(),
        )

    def _audiences_for(self, client: Client) -> Collection[str]:
        # FAPI 2.0 §5.3.2.1 wants the issuer alone; most libraries send the token endpoint's URL.
        return (self._issuer,) if client.metadata.keeps_fapi2 else self._audiences

    def _spend(self, checked: CheckedAssertion) -> None:
        fresh = self._db.write(
            lambda tx: spend_once(
                tx,
                "client_assertion",
                checked.client_id,
                checked.jti,
                expires_at=checked.expires_at,
            )
        )
        if not fresh:
            raise InvalidClient("the assertion was used before")

    def _check_certificate(self, client: Client, call: ClientCall) -> None:
        """RFC 8705 §2.1 and §2.2."""
        # Its X.509 reader is memory and start-up time that most deployments never need.
        from portero.protocol.oauth.certificates import check_names, read_certificate

        if not call.certificate:
            raise InvalidClient("no certificate was shown")
        certificate = read_certificate(call.certificate)
        if client.metadata.token_endpoint_auth_method is AuthMethod.SELF_SIGNED_TLS:
            self._check_registered(client, certificate, call.certificate)
            return
        if not call.certificate_verified:
            # Whoever makes a certificate writes any name into it.
            raise InvalidClient("nobody says that the certificate's chain was verified")
        check_names(certificate, registered=client.metadata)

    def _check_registered(self, client: Client, certificate: Certificate, der: bytes) -> None:
        from portero.protocol.oauth.certificates import check_key

        try:
            check_key(certificate, der, jwks=self._keys.jwks_of(client))
        except InvalidClient:
            if not client.metadata.jwks_uri:
                raise
            check_key(certificate, der, jwks=self._keys.jwks_of(client, kid=_NEW_KEY))

    def _count_failure(self, actor: Actor, client: Client | None) -> None:
        now = self._clock.now()
        failed = ClientAuthFailed(client_id=client.client_id if client is not None else "")

        def unit(tx: Tx) -> OverLimit | None:
            address = actor.origin.address
            over = self._limits.spend(tx, CLIENT_AUTH_BY_ADDRESS, address, now=now)
            if over is None or over.is_first:
                # What comes over the limit is not written down one by one: that would be a way to
                # fill the audit log.
                self._audit.record(tx, actor, now, failed)
            return over

        over = self._db.write(unit)
        if over is not None:
            raise over
