"""Decisions about clients: ids, secrets, and what is told of a registration."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from portero.core.clients.builtin import FIRST_PARTY_CLIENT_ID
from portero.core.clients.errors import (
    ClientHasNoSecret,
    ClientIdReserved,
    FirstPartyNotAllowed,
    InvalidClientId,
)
from portero.core.clients.model import Client, ClientState, CreatedBy, CreatedClient
from portero.kit.refusals import FieldFault
from portero.kit.secrets import fingerprint, same_secret
from portero.protocol.oauth.client_metadata import to_json
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import MetadataPolicy
from portero.protocol.oauth.metadata_rules import second_factor_can_be_proven
from portero.protocol.oauth.profile_rules import as_served, profile_is_kept

# Narrower than RFC 6749 appendix A.1: the same in a URL, a Basic header and a log line, and never
# a URL (draft-ietf-oauth-client-id-metadata-document: those are other clients' ids).
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~\-]{0,254}")

_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}")


def could_be_client_id(text: str) -> bool:
    """Whether a row can have that id. What else a request sends (a NUL, half a character, a
    megabyte) is nobody's and never reaches the database."""
    return _CLIENT_ID.fullmatch(text) is not None


def check_client_id(client_id: str) -> None:
    """Whether somebody may choose it; raises `InvalidClientId`, `ClientIdReserved`."""
    if not could_be_client_id(client_id):
        raise InvalidClientId("not of the form of a client id")
    if _UUID.fullmatch(client_id):
        # A client's own token has its id as `sub`: it must never be an account's (RFC 9068 §5).
        raise InvalidClientId("of the form of an account's id")
    check_not_built_in(client_id)


def check_not_built_in(client_id: str) -> None:
    """In any case of letters: an audit line must not be taken for the built-in client's."""
    if client_id.lower() == FIRST_PARTY_CLIENT_ID:
        raise ClientIdReserved(client_id)


def check_first_party(*, first_party: bool, created_by: CreatedBy) -> None:
    """A first-party client may skip consent, so no registrant can name itself one."""
    if first_party and created_by is not CreatedBy.OPERATOR:
        raise FirstPartyNotAllowed(f"registered by {created_by}")


def check_has_secret(client: Client) -> None:
    if not client.metadata.has_secret:
        raise ClientHasNoSecret(client.client_id)


def is_secret_of(client: Client, *, given: str) -> bool:
    """Whether `given` is the client's secret. A client without one has no secret that is right,
    the empty one included (CVE-2026-44476)."""
    return client.metadata.has_secret and same_secret(fingerprint(given), client.secret_hash)


def served(client: Client, policy: MetadataPolicy) -> Client:
    """The client under the server's rules; `UNFIT` when its registration does not allow it."""
    client = demanded_of(client, policy)
    metadata = as_served(client.metadata, policy)
    fit = not client.is_active or not _faults(metadata, policy)
    return replace(client, metadata=metadata, state=client.state if fit else ClientState.UNFIT)


def demanded_of(client: Client, policy: MetadataPolicy) -> Client:
    """The client with the second factor that the operator demands of it, whatever it registered:
    what an application says of itself it can take back."""
    if client.client_id not in policy.second_factor_clients:
        return client
    return replace(client, metadata=replace(client.metadata, require_second_factor=True))


def unfitting(client: Client, policy: MetadataPolicy) -> tuple[str, ...]:
    """The members of its registration that the server's rules do not allow."""
    faults = _faults(as_served(client.metadata, policy), policy)
    return tuple(dict.fromkeys(fault.name for fault in faults))


def _faults(metadata: ClientMetadata, policy: MetadataPolicy) -> list[FieldFault]:
    """What keeps a client from being served, though it was fit when it registered."""
    rules = (profile_is_kept, second_factor_can_be_proven)
    return [fault for rule in rules for fault in rule(metadata, policy)]


def client_json(client: Client) -> dict[str, Any]:
    """The registration without its secret, and what Portero itself knows: for lists and pages."""
    return {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
        **to_json(client.metadata),
        "first_party": client.first_party,
        "state": client.state.value,
        "created_by": client.created_by,
    }


def registration_json(created: CreatedClient) -> dict[str, Any]:
    """The answer of RFC 7591 §3.2.1. It holds the secret in clear: send it, never log it."""
    client = created.client
    answer: dict[str, Any] = {
        "client_id": client.client_id,
        "client_id_issued_at": int(client.created_at.timestamp()),
    }
    if created.secret is not None:
        answer["client_secret"] = created.secret.reveal()
        answer["client_secret_expires_at"] = 0  # it does not expire
    return answer | to_json(client.metadata)
