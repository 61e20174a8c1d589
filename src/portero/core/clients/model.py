"""A client as it is registered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from portero.kit.languages import in_language
from portero.kit.secrets import Secret
from portero.protocol.oauth.metadata_model import ClientMetadata


class ClientState(StrEnum):
    ACTIVE = "active"
    DISABLED = "disabled"  # by an operator: its tokens are refused while it is
    UNFIT = "unfit"  # it breaks its profile, or the server's: seen when it is loaded, never stored


class CreatedBy(StrEnum):
    """Who brought it in. Only what an operator made is trusted without asking."""

    OPERATOR = "operator"
    DCR = "dcr"  # RFC 7591: anybody, or whoever held an initial access token
    DOCUMENT = "document"  # a Client ID Metadata Document: whoever has a web server
    BUILT_IN = "built-in"


@dataclass(frozen=True, slots=True)
class Client:
    """`secret_hash` is SHA-256 of the secret, '' where there is none. `secret_sealed` is the
    secret itself, encrypted, only where it is also an HMAC key. A first-party client belongs to
    whoever runs Portero."""

    client_id: str
    metadata: ClientMetadata
    secret_hash: str = field(repr=False)
    secret_sealed: str = field(repr=False)
    first_party: bool
    state: ClientState
    created_at: datetime
    updated_at: datetime
    created_by: str

    @property
    def is_active(self) -> bool:
        return self.state is ClientState.ACTIVE

    def name_in(self, tag: str) -> str:
        """What it calls itself, in that language where it said so (RFC 7591 §2.2); its id for one
        without a name."""
        names = {
            language: name
            for member, name in self.metadata.localized.items()
            for kind, _, language in [member.partition("#")]
            if kind == "client_name"
        }
        return in_language(names, tag) or self.metadata.client_name or self.client_id

    def is_older_than(self, moment: datetime) -> bool:
        """Whether it was this client at that moment, and not a former one of the same id: what
        somebody let the former one do, this one may not. A document's client was always there."""
        return self.created_by == CreatedBy.DOCUMENT or self.created_at <= moment


@dataclass(frozen=True, slots=True)
class CreatedClient:
    """A new client, and its secret, told this once; None where its method has none."""

    client: Client
    secret: Secret | None
