"""How the guard says no, and the answer that a client gets.

A refusal carries three texts: `error`, the code of the specification (None when the request held
no credentials at all, RFC 6750 §3.1), `public` for the caller, and `detail` for the log alone.
The answer is made here once, for every framework: the `WWW-Authenticate` challenge and a problem
document (RFC 9457).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

PROBLEM_TYPE: Final = "application/problem+json"

# What a DPoP proof may be signed with, for the challenge (RFC 9449 §7.1).
PROOF_ALGS: Final = "ES256 RS256 PS256 EdDSA"


class Scheme(StrEnum):
    """How a token is shown (RFC 6750 §2.1, RFC 9449 §7.1)."""

    BEARER = "Bearer"
    DPOP = "DPoP"


class ConfigurationError(Exception):
    """The guard can't start with these settings; the text says which and why."""


class Refused(Exception):
    """A request may not pass. Subclass per reason; `status` is the HTTP status of the answer."""

    status: ClassVar[int] = 401
    error: ClassVar[str | None] = None
    title: ClassVar[str] = "Credentials are needed"
    public: str = "Send an access token."
    challenges: ClassVar[bool] = True  # whether the answer names a way to get in (RFC 9110 §11.6.1)
    scheme: Scheme = Scheme.BEARER  # the way that the answer names

    def __init__(
        self,
        detail: str = "",
        *,
        public: str | None = None,
        parameters: Mapping[str, str] | None = None,
        scheme: Scheme | None = None,
    ) -> None:
        super().__init__(detail or self.error or self.public)
        self.detail = detail
        self.scheme = scheme or self.scheme
        self.public = public or self.public
        self.parameters: Mapping[str, str] = parameters or {}


class NoCredentials(Refused):
    """Nothing was presented: the challenge has no error code (RFC 6750 §3.1)."""


class RequestRefused(Refused):
    """The credentials are malformed, or there are two of them (RFC 6750 §2, §3.1)."""

    status = 400
    error = "invalid_request"
    title = "The request is malformed"
    public = "The request must carry exactly one well-formed access token."


class TokenRefused(Refused):
    """The token is not, or no longer, one of ours for this API (RFC 6750 §3.1)."""

    error = "invalid_token"
    title = "The access token was refused"
    public = "The token is not valid."


class TokenExpired(TokenRefused):
    """A genuine token whose time is over: the client should refresh, not sign in again."""

    public = "The token has expired."


class ProofRefused(Refused):
    """The proof that the sender holds the token's key is missing, wrong, old or used (RFC 9449
    §7.1). The token may be good: the client should make a new proof, not sign in again."""

    error = "invalid_dpop_proof"
    title = "The proof of possession was refused"
    public = "The DPoP proof is not valid for this request."
    scheme = Scheme.DPOP


class ScopeMissing(Refused):
    """The token is good and does not reach this far (RFC 6750 §3.1)."""

    status = 403
    error = "insufficient_scope"
    title = "The access token does not reach this far"
    public = "The token lacks a scope that this needs."


class AuthenticationInsufficient(Refused):
    """The person signed in too long ago or too weakly (RFC 9470 §3)."""

    error = "insufficient_user_authentication"
    title = "A stronger or more recent sign-in is needed"
    public = "Sign in again to do this."


class CrossSite(Refused):
    """A cookie came with a request that another site may have made."""

    status = 403
    error = "cross_site_request"
    title = "The request came from another site"
    public = "A request that changes something must come from the same site."
    challenges = False


class IssuerUnreachable(Refused):
    """The token could not be judged: no keys, or no introspection. Closed, but not the token's
    fault, so that a client keeps its token and tries again."""

    status = 503
    error = "temporarily_unavailable"
    title = "Access tokens can't be checked just now"
    public = "Try again in a moment."
    challenges = False


RETRY_AFTER_SECONDS: Final = 5  # about the time in which a lost issuer is asked again


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send for a refusal, in no framework's words."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer(refusal: Refused) -> Answer:
    """The refusal as a response: challenge, problem document, and nothing that a cache keeps."""
    document = {
        "type": f"urn:portero:problem:{refusal.error or 'credentials_required'}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.public,
    }
    if refusal.error is not None:
        document["error"] = refusal.error
    headers = [("Content-Type", PROBLEM_TYPE), ("Cache-Control", "no-store")]
    if refusal.challenges:
        headers.append(("WWW-Authenticate", challenge(refusal)))
    if refusal.status == 503:
        headers.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    return Answer(refusal.status, tuple(headers), json.dumps(document).encode())


def challenge(refusal: Refused) -> str:
    """The value of `WWW-Authenticate` (RFC 6750 §3, RFC 9449 §7.1). Every text in it is ours or
    the API author's, never the caller's; quotes are dropped all the same (§3: %x22 and %x5C may
    not appear)."""
    named = {"algs": PROOF_ALGS} if refusal.scheme is Scheme.DPOP else {}
    if refusal.error is not None:
        named |= {"error": refusal.error, "error_description": refusal.public}
    named |= refusal.parameters
    pairs = (f'{name}="{_quotable(text)}"' for name, text in named.items())
    return f"{refusal.scheme.value} {', '.join(pairs)}".rstrip()


def _quotable(text: str) -> str:
    return "".join(sign for sign in text if " " <= sign <= "~" and sign not in '"\\')
