"""What an authorization request says, on what this server and the client allow.

The one place that knows: the authorization endpoint asks it, and so does whoever takes a request
beforehand (RFC 9126), so that what was accepted there is not refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from portero.core.clients import Client, ClientHasNoSecret
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.par.ports import KeysOf
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.kit.ports import Clock
from portero.protocol.oauth.authorization_request import (
    AuthorizationRequest,
    ReturnAddress,
    Rules,
    prompts,
    read_request,
    read_return,
)
from portero.protocol.oauth.detail_types import AuthorizationDetailType
from portero.protocol.oauth.errors import InvalidRequest, InvalidRequestObject
from portero.protocol.oauth.metadata_policy import HMAC_ALGS
from portero.protocol.oauth.parameters import Parameters
from portero.protocol.oauth.request_object import (
    is_unsigned,
    unverified_key_id,
    with_request_object,
)


class RequestReader:
    def __init__(
        self,
        *,
        clock: Clock,
        scopes: Scopes,
        resources: Resources,
        hints: IdTokenHints,
        keys_of: KeysOf,
        hmac_key_of: Callable[[Client], bytes],
        detail_types: Mapping[str, AuthorizationDetailType],
        issuer: str,
        sign_up_open: bool,
        unsigned_allowed: bool = False,
    ) -> None:
        """`unsigned_allowed`: request objects need no signature, as certification has it."""
        self._clock = clock
        self._scopes = scopes
        self._resources = resources
        self._hints = hints
        self._keys_of = keys_of
        self._hmac_key_of = hmac_key_of
        self._detail_types = detail_types
        self._issuer = issuer
        self._prompts = prompts(sign_up_open=sign_up_open)
        self._unsigned_allowed = unsigned_allowed

    def counting(self, client: Client, parameters: Parameters) -> Parameters:
        """Those of the request object where there is one (RFC 9101), else as they are. Raises
        `OAuthRefusal`. May fetch the client's keys."""
        unverified_object = parameters.get("request")
        jwks: Mapping[str, object] = {}
        secret = b""
        if unverified_object is not None:
            if client.metadata.request_object_signing_alg in HMAC_ALGS:
                secret = self._secret_of(client)
            elif not is_unsigned(unverified_object):
                jwks = self._keys_of(client, kid=unverified_key_id(unverified_object))
        counted = with_request_object(
            parameters,
            client_id=client.client_id,
            client=client.metadata,
            jwks=jwks,
            secret=secret,
            unsigned_allowed=self._unsigned_allowed,
            expected_issuer=self._issuer,
            now=self._clock.now(),
        )
        return Parameters({**counted.as_mapping(), "client_id": (client.client_id,)})

    def _secret_of(self, client: Client) -> bytes:
        try:
            return self._hmac_key_of(client)
        except ClientHasNoSecret as refusal:
            raise InvalidRequestObject(refusal.detail) from refusal

    def return_address(self, client: Client, parameters: Parameters) -> ReturnAddress:
        """Where an answer goes; raises `UnusableReturn`."""
        return read_return(parameters, client_id=client.client_id, client=client.metadata)

    def request(
        self, client: Client, parameters: Parameters, back: ReturnAddress
    ) -> AuthorizationRequest:
        """The request itself; raises an `OAuthRefusal` for the client."""
        rules = self.rules_of(client)
        request = read_request(parameters, back=back, client=client.metadata, rules=rules)
        subject = self._subject_of(client, request)
        if subject != request.subject:
            request = replace(request, subject=subject)
        if not request.claims:
            return request
        given = self._scopes.giving(client, request.claims, request.scope)
        return replace(request, claims=given.claims, claims_scope=given.scope)

    def rules_of(self, client: Client) -> Rules:
        """What the client may ask for, here and where else it asks for a person."""
        return Rules(
            scopes=self._scopes.open_to(client),
            default_scope=self._scopes.default_of(client),
            resources=self._resources.open_to(client),
            detail_types=self._detail_types,
            prompts=self._prompts,
        )

    def check(self, client: Client, parameters: Parameters) -> None:
        """Raise what the authorization endpoint would raise."""
        self.request(client, parameters, self.return_address(client, parameters))

    def _subject_of(self, client: Client, request: AuthorizationRequest) -> str:
        """The `sub` that the request is about, by hint or by claim; '' for anybody's. Raises
        `InvalidRequest` when it names two people."""
        named = {request.subject} - {""}
        if request.id_token_hint:
            named.add(str(self._hints.read_own(request.id_token_hint, client)["sub"]))
        if len(named) > 1:
            raise InvalidRequest("id_token_hint and claims are about different people.")
        return named.pop() if named else ""
