"""Client ID Metadata Documents (draft-ietf-oauth-client-id-metadata-document): a client whose id is
the URL of its own metadata. Pure: which URLs can be such an id, and what the document must say.

Whoever has a web server is such a client. The document proves that its host says so, and no more:
the person at the consent page judges the host.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from portero.kit.refusals import FieldFault
from portero.protocol.oauth.client_metadata import InvalidClientMetadata, parse_client_metadata
from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import AuthMethod, MetadataPolicy
from portero.protocol.oauth.registrants import registrants_policy, without_privileges
from portero.protocol.oauth.uris import Uri, parse_uri
from portero_guard.errors import TokenRefused
from portero_guard.jws import json_object

# characters; as long as an id may be wherever one is stored
MAX_ID_LENGTH: Final = 255
# bytes; the draft's own advice (§6.6)
MAX_DOCUMENT_BYTES: Final = 5 * 1024

_METHODS: Final = frozenset({AuthMethod.NONE.value, AuthMethod.PRIVATE_KEY_JWT.value})


def looks_like_document_id(client_id: str) -> bool:
    """Whether it can only be meant as a URL. No id that is made here begins so."""
    return client_id.startswith(("https://", "http://"))


def check_document_id(client_id: str, *, local: bool) -> Uri:
    """The parsed URL; raises `Unacceptable`. `local`: this server is on loopback, where a client
    in development may be as well.

    Fragments, user names and dot segments are other spellings of one place, and so of one client
    (§3). A query is only advised against there; without it, one page can't be many clients.
    """
    if len(client_id) > MAX_ID_LENGTH:
        raise Unacceptable("uri_too_long", "The client_id is too long.")
    uri = parse_uri(client_id)
    if uri.scheme != "https" and not (local and uri.is_loopback_http):
        raise Unacceptable("uri_insecure", "The client_id must be an https URL.")
    if uri.path in {"", "/"}:
        raise Unacceptable("uri_no_path", "The client_id must have a path.")
    if uri.fragment is not None or "#" in client_id or "?" in client_id:
        raise Unacceptable("uri_fragment", "The client_id must have no query or fragment.")
    return uri


def documents_policy(policy: MetadataPolicy) -> MetadataPolicy:
    """What registrants may, without anything that needs a shared secret: there is none (§4.1).

    Nor pairwise subjects: nobody fetches the document of a sector that such a document names.
    """
    return replace(
        registrants_policy(policy),
        auth_methods=policy.auth_methods & _METHODS,
        hmac_algs=frozenset(),
        subject_types=frozenset({"public"}),
    )


def read_document(
    octets: bytes, *, expected_client_id: str, scopes: Collection[str], policy: MetadataPolicy
) -> ClientMetadata:
    """The metadata of a fetched document, with `documents_policy` as its policy; raises
    `InvalidClientMetadata`."""
    try:
        document = json_object(octets)
    except TokenRefused as refusal:
        raise InvalidClientMetadata(refusal.detail) from refusal
    if document.get("client_id") != expected_client_id:
        # §4.1, by simple string comparison: else a document that somebody else may write on that
        # host (an upload, an open redirect) speaks in the host's name.
        raise _fault("client_id", "It is not the URL that the document was read from.")
    if any(name.startswith("client_secret") for name in document):
        raise _fault("client_secret", "A public document can't hold a shared secret.")
    document.setdefault("token_endpoint_auth_method", _method_of(document))
    return parse_client_metadata(without_privileges(document, scopes), policy)


def _method_of(document: Mapping[str, Any]) -> str:
    """RFC 7591's default needs a secret. Who publishes keys means to use them: read as a public
    client, everybody else could be it."""
    has_keys = "jwks" in document or "jwks_uri" in document
    return (AuthMethod.PRIVATE_KEY_JWT if has_keys else AuthMethod.NONE).value


def _fault(name: str, public: str) -> InvalidClientMetadata:
    return InvalidClientMetadata(f"{name}: refused", faults=(FieldFault(name, "refused", public),))
