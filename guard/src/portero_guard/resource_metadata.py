"""Protected resource metadata (RFC 9728): how a client that knows only the API finds the way in.

The API names its authorization servers at a well-known address, and points there from each 401.
A client that has never heard of either (an MCP client, say) goes on from there by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from portero_guard.errors import PROOF_ALGS, ConfigurationError, Refused
from portero_guard.fetch import is_safe_url

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
_MAX_AGE_SECONDS: Final = 300
# Any page may read it: it says nothing that is not for everybody, and no cookie is looked at.
HEADERS: Final = (
    ("Content-Type", "application/json"),
    ("Cache-Control", f"public, max-age={_MAX_AGE_SECONDS}"),
    ("Access-Control-Allow-Origin", "*"),
)


@dataclass(frozen=True, slots=True)
class Resource:
    """What an API says of itself. `url` is its own (default: the guard's audience, which clients
    then name as `resource`); `scopes` are those that it may ask for; `dpop_only` says that it takes
    no bearer token (it is said here, and demanded by whoever issues the tokens)."""

    url: str = ""
    scopes: tuple[str, ...] = ()
    name: str = ""
    documentation: str = ""
    dpop_only: bool = False


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """The document, ready to send: at `path` of the API's host, which is `url` as a whole."""

    path: str
    url: str
    body: bytes

    def guide(self, refusal: Refused, scopes: Iterable[str]) -> None:
        """Have the challenge point here, and name the scopes that were demanded (RFC 9728 §5.1,
        RFC 6750 §3), so that a client asks for these and no more."""
        if refusal.challenges:
            told = {"resource_metadata": self.url}
            demanded = " ".join(scopes)
            if demanded:
                told["scope"] = demanded
            refusal.parameters = {**refusal.parameters, **told}


def described(
    resource: Resource | None, *, audience: str, authorization_servers: Iterable[str]
) -> ResourceMetadata | None:
    """The metadata of a guard; None where the API says nothing of itself. Raises
    `ConfigurationError` for a resource that is no URL."""
    if resource is None:
        return None
    url = resource.url or audience
    parts = urlsplit(url)
    if not is_safe_url(url) or parts.query or "#" in url or "@" in parts.netloc:
        raise ConfigurationError(
            f"The resource {url} must be the https URL of the API, without query and fragment."
        )
    # RFC 9728 §3.1: between host and path, and without the slash of an empty path.
    path = WELL_KNOWN + ("" if parts.path == "/" else parts.path)
    return ResourceMetadata(
        path=path,
        url=f"{parts.scheme}://{parts.netloc}{path}",
        body=json.dumps(_document(resource, url, authorization_servers)).encode(),
    )


def _document(
    resource: Resource, url: str, authorization_servers: Iterable[str]
) -> dict[str, object]:
    """RFC 9728 §2; what is empty is left out (§3.2)."""
    told: dict[str, object] = {
        "resource": url,
        "authorization_servers": list(authorization_servers),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": PROOF_ALGS.split(),
    }
    optional: dict[str, object] = {
        "scopes_supported": list(resource.scopes),
        "resource_name": resource.name,
        "resource_documentation": resource.documentation,
        "dpop_bound_access_tokens_required": resource.dpop_only,
    }
    return told | {name: value for name, value in optional.items() if value}
