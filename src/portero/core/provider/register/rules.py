"""What a replacement (RFC 7592 §2.2) must and must not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from portero.core.clients import Client
from portero.core.clients.rules import is_secret_of
from portero.kit.refusals import FieldFault
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.protocol.oauth.metadata_model import ClientMetadata

# The server's own to say.
_SERVERS: Final = (
    "registration_access_token",
    "registration_client_uri",
    "client_secret_expires_at",
    "client_id_issued_at",
)


def check_replacement(document: Mapping[str, Any], client: Client) -> None:
    """Raises `InvalidClientMetadata`."""
    faults = tuple(_faults(document, client))
    if faults:
        raise InvalidClientMetadata("; ".join(fault.name for fault in faults), faults=faults)


def _faults(document: Mapping[str, Any], client: Client) -> Iterator[FieldFault]:
    if document.get("client_id") != client.client_id:
        yield FieldFault("client_id", "mismatch", "This must be the client's own id.")
    for name in _SERVERS:
        if name in document:
            yield FieldFault(name, "not_yours", "This is not for the client to set.")
    given = document.get("client_secret")
    # It may be repeated, as a whole document is sent, and never chosen.
    if given is not None and not (isinstance(given, str) and is_secret_of(client, given=given)):
        yield FieldFault("client_secret", "mismatch", "This is not the client's secret.")


def check_sector(metadata: ClientMetadata, listed: object) -> None:
    """OpenID Connect Registration §5: the sector's document lists every redirect URI, or somebody
    could join a sector that is not theirs and learn its subjects."""
    known = set(map(str, listed)) if isinstance(listed, list) else set()
    if not set(metadata.redirect_uris) <= known:
        raise sector_fault("inconsistent", "Its document must list every redirect URI.")


def sector_fault(code: str, public: str) -> InvalidClientMetadata:
    fault = FieldFault("sector_identifier_uri", code, public)
    return InvalidClientMetadata(f"sector_identifier_uri: {code}", faults=(fault,))
