"""A grant, a refresh token, and what is handed out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.clients import Client
from portero.core.sessions import Session
from portero.kit.secrets import Secret
from portero.kit.values import quick_value
from portero.protocol.oauth.parameters import Parameters


@quick_value
class Grant:
    """That an account let a client act. Without `offline` it lives no longer than its session.

    `audience` is what its tokens are for unless another of `resources` is asked for. `auth_time`,
    `acr` and `amr` say how the person signed in for it, and stay what they were (RFC 9068 §2.2.1).
    `claims` is the claims parameter (OpenID Connect Core §5.5), `details` what was granted of
    `authorization_details` (RFC 9396). `jkt` and `x5t_s256` are the key that its refresh tokens
    are bound to, '' for none.
    """

    id: str
    account_id: str
    client_id: str
    session_id: str
    scope: str
    audience: str
    offline: bool
    created_at: datetime
    expires_at: datetime
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    resources: tuple[str, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=dict)
    details: tuple[Mapping[str, Any], ...] = ()
    jkt: str = ""
    x5t_s256: str = ""


@quick_value
class Basis:
    """Everything that a token for a person rests on, loaded and live. An offline grant rests on no
    session."""

    grant: Grant
    account: Account
    session: Session | None


class RefreshState(StrEnum):
    """The three answers to a presented refresh token (and what is live is a fourth matter)."""

    FRESH = "fresh"
    SPENT = "spent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SpentRefresh:
    """A refresh token after the attempt to spend it: which grant, and when it was first spent;
    `basis` where it was found with that."""

    state: RefreshState
    grant_id: str = ""
    spent_at: datetime | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class TokenLifetimes:
    """Seconds. `refresh_idle` counts from the last rotation; `refresh_grace` is how long a lost
    answer can be asked for again."""

    access_seconds: int
    refresh_idle_seconds: int
    refresh_grace_seconds: int


@quick_value
class ClientCall:
    """One request at an endpoint where clients prove themselves, before anything is believed.

    `authorization` and `proofs` are the lines of the Authorization and DPoP headers, as they came:
    two are an attack, not a list. `certificate` is the client's (DER), from the TLS connection or
    from a trusted proxy; b"" when it showed none. `certificate_verified`: an authority that the
    listener or the proxy trusts has signed it, so that its names mean something. `wants_jwt`: it
    accepts a signed introspection answer (RFC 9701 §4).
    """

    actor: Actor
    form: Parameters
    authorization: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    certificate: bytes = b""
    certificate_verified: bool = False
    wants_jwt: bool = False


@dataclass(frozen=True, slots=True)
class Binding:
    """The key that a token is bound to: SHA-256 of a public key (`jkt`, RFC 9449 §6.1) or of a
    certificate (`x5t_s256`, RFC 8705 §3.1), base64url; '' for none."""

    jkt: str = ""
    x5t_s256: str = ""

    @property
    def cnf(self) -> Mapping[str, str]:
        """The confirmation claim (RFC 7800); empty for a bearer token."""
        named = {"jkt": self.jkt, "x5t#S256": self.x5t_s256}
        return {name: value for name, value in named.items() if value}

    @property
    def token_type(self) -> str:
        return "DPoP" if self.jkt else "Bearer"


UNBOUND: Final = Binding()


@quick_value
class TokenRequest:
    """A request at the token endpoint once its client is proven; `actor` is that client."""

    actor: Actor
    client: Client
    form: Parameters
    binding: Binding = UNBOUND


@quick_value
class IssuedToken:
    """The token answer (RFC 6749 §5.1). `more` are members of the grant's own, such as
    `issued_token_type` (RFC 8693 §2.2.1) and `authorization_details` (RFC 9396 §7)."""

    access_token: Secret
    expires_in: int
    scope: str
    token_type: str = "Bearer"  # noqa: S105  # a type, not a secret
    refresh_token: Secret | None = None
    id_token: Secret | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@quick_value
class TokenSet:
    """What a token answer carries (RFC 6749 §5.1)."""

    access_token: Secret
    expires_in: int
    scope: str
    refresh_token: Secret | None
    account: Account
    token_type: str = "Bearer"  # noqa: S105  # a type, not a secret
