"""What happens to grants and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from portero.core.audit import Event, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class TokensIssued(Event):
    """An access token, and perhaps a refresh token, was handed out."""

    kind: ClassVar[str] = "token.issued"
    grant_type: str
    grant_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchanged(Event):
    """A client was given a token for another one. Without `actor_subject` it acts as the subject
    itself (impersonation, RFC 8693 §1.1)."""

    kind: ClassVar[str] = "token.exchanged"
    from_client_id: str
    actor_subject: str
    scope: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionAccepted(Event):
    """A client was given a token for whom a trusted issuer named (RFC 7523 §2.1)."""

    kind: ClassVar[str] = "token.asserted"
    issuer: str
    grant_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIntrospected(Event):
    """A client asked about tokens, `count` of them within a tenth of a second from one address.
    What is not good, or not for that client to know of, is not `active`: many of those are
    somebody who tries tokens out."""

    kind: ClassVar[str] = "token.introspected"
    active: bool
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A client threw an access token away."""

    kind: ClassVar[str] = "token.revoked"
    jti: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthFailed(Event):
    """Somebody named a client and could not prove to be it; `client_id` is empty when unknown."""

    kind: ClassVar[str] = "client.auth_failed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshReplayed(Event):
    """An old refresh token came back: somebody has a copy. The grant was revoked."""

    kind: ClassVar[str] = "token.refresh_replayed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeIssued(Event):
    """An application was let in: a code is on its way to it."""

    kind: ClassVar[str] = "code.issued"
    grant_id: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeReplayed(Event):
    """A spent code came back: somebody has a copy. What its first use gave was revoked."""

    kind: ClassVar[str] = "code.replayed"
    outcome: ClassVar[Outcome] = Outcome.FAILURE
    grant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven(Event):
    """A person agreed to what an application asked for."""

    kind: ClassVar[str] = "consent.given"
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRefused(Event):
    """A person said no to an application."""

    kind: ClassVar[str] = "consent.refused"
    outcome: ClassVar[Outcome] = Outcome.FAILURE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentWithdrawn(Event):
    """A person took back what they had agreed to; the application's grants ended."""

    kind: ClassVar[str] = "consent.withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRevoked(Event):
    """A client threw a refresh token away: its grant ended with every token on it."""

    kind: ClassVar[str] = "grant.revoked"
    grant_id: str
