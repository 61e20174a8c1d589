"""How the protocol endpoints say no: the registered error codes, one class each.

`code` is what the specification calls `error`; `description` becomes `error_description` and
keeps to %x20-21 / %x23-5B / %x5D-7E (RFC 6749 §5.2): ASCII without quotes and backslashes. It is
for developers and is not translated.
"""

from __future__ import annotations

from typing import ClassVar

from portero.kit.refusals import Refusal


class OAuthRefusal(Refusal):
    """A protocol endpoint refused. `detail` is for the log, as everywhere."""

    status: ClassVar[int] = 400
    description: str = "The request was refused."


class InvalidRequest(OAuthRefusal):
    """RFC 6749 §4.1.2.1, §5.2: malformed; the description says how."""

    code = "invalid_request"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidClient(OAuthRefusal):
    """RFC 6749 §5.2. One text for every cause: who asks is not told what was wrong."""

    code = "invalid_client"
    description = "Client authentication failed."
    status = 401


class UnauthorizedClient(OAuthRefusal):
    """RFC 6749 §5.2: a good client, and not for this."""

    code = "unauthorized_client"
    description = "This client may not do this."


class UnsupportedGrantType(OAuthRefusal):
    """RFC 6749 §5.2."""

    code = "unsupported_grant_type"
    description = "This grant type is not supported."


class InvalidScope(OAuthRefusal):
    """RFC 6749 §5.2."""

    code = "invalid_scope"
    description = "The scope is unknown, malformed, or not for this client."


class InvalidTarget(OAuthRefusal):
    """RFC 8707 §2."""

    code = "invalid_target"
    description = "The resource is unknown, malformed, or not for this client."


class InvalidGrant(OAuthRefusal):
    """RFC 6749 §5.2: unknown, expired, spent, revoked, or not this client's. Never says which."""

    code = "invalid_grant"
    description = "The grant is not valid, or not for this client."


class AuthorizationPending(OAuthRefusal):
    """RFC 8628 §3.5, CIBA §11: nobody has decided yet."""

    code = "authorization_pending"
    description = "The person has not decided yet. Ask again after the interval."


class SlowDown(OAuthRefusal):
    """RFC 8628 §3.5, CIBA §11: the interval is 5 seconds longer from now on."""

    code = "slow_down"
    description = "Too soon. The interval is 5 seconds longer from now on."


class ExpiredToken(OAuthRefusal):
    """RFC 8628 §3.5, CIBA §11: nobody decided in time."""

    code = "expired_token"
    description = "The request has expired. Begin again."


class UnsupportedResponseType(OAuthRefusal):
    """RFC 6749 §4.1.2.1; the implicit types are refused on purpose (RFC 9700 §2.1.2)."""

    code = "unsupported_response_type"
    description = "This response type is not supported. Use code with PKCE."


class AccessDenied(OAuthRefusal):
    """RFC 6749 §4.1.2.1: the person said no."""

    code = "access_denied"
    description = "The request was denied."


class UnknownUserId(OAuthRefusal):
    """CIBA §13: the hint names nobody."""

    code = "unknown_user_id"
    description = "The hint names nobody here."


class InvalidBindingMessage(OAuthRefusal):
    """CIBA §13."""

    code = "invalid_binding_message"
    description = "The binding_message is too long, empty, or has characters that can not be shown."


class LoginRequired(OAuthRefusal):
    """OpenID Connect Core §3.1.2.6, for prompt=none."""

    code = "login_required"
    description = "The person must sign in."


class ConsentRequired(OAuthRefusal):
    """OpenID Connect Core §3.1.2.6, for prompt=none."""

    code = "consent_required"
    description = "The person must consent."


class UnmetAuthenticationRequirements(OAuthRefusal):
    """OpenID Connect Core Unmet Authentication Requirements 1.0."""

    code = "unmet_authentication_requirements"
    description = "The requested authentication level can not be reached."


class InvalidRequestObject(OAuthRefusal):
    """RFC 9101 §7: forged, for somebody else, out of date, or with parameters that make no sense.
    The reason is for the log."""

    code = "invalid_request_object"
    description = "The request object is not valid."


class InvalidRequestUri(OAuthRefusal):
    """RFC 9101 §7, RFC 9126 §4: unknown, expired, used, or another client's. Never says which."""

    code = "invalid_request_uri"
    description = "The request_uri is not valid. Push the request again."


class RequestUriNotSupported(OAuthRefusal):
    """OpenID Connect Core §3.1.2.6: an address that is not one of a pushed request."""

    code = "request_uri_not_supported"
    description = "Only a pushed request is taken by request_uri. Push it."


class InvalidAuthorizationDetails(OAuthRefusal):
    """RFC 9396 §5; the description says what is wrong."""

    code = "invalid_authorization_details"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidDpopProof(OAuthRefusal):
    """RFC 9449 §5: missing, malformed, for something else, too old or used. The log says which."""

    code = "invalid_dpop_proof"
    description = "The DPoP proof is missing, or not valid for this request."


class UseDpopNonce(OAuthRefusal):
    """RFC 9449 §8: make the proof again with the nonce of this answer's DPoP-Nonce header."""

    code = "use_dpop_nonce"
    description = "The DPoP proof must hold the nonce that comes with this answer."
