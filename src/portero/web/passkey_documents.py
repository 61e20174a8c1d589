"""What browsers and password managers ask a site about its passkeys, at addresses that are the same
everywhere. They are at the root of the RP ID's host: where the issuer has a path, or the RP ID is a
domain above it, whoever serves that root passes these on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from portero.web.cached import CachedDocument
from portero.web.endpoints import Endpoint
from portero.web.exchange import JSON_TYPE, Request, Response, json_body
from portero.web.places import PASSKEYS_PAGE_PATH

# Origins at which passkeys may be used besides (WebAuthn L3 §5.11).
ORIGINS_PATH: Final = "/.well-known/webauthn"
# Where passkeys are made and cared for (W3C Passkey Endpoints Well-Known URL §2).
ENDPOINTS_PATH: Final = "/.well-known/passkey-endpoints"
_MAX_AGE_SECONDS: Final = 3600


def passkey_endpoints(*, issuer: str, origins: Sequence[str]) -> list[Endpoint]:
    page = f"{issuer}{PASSKEYS_PAGE_PATH}"
    documents: dict[str, dict[str, object]] = {
        ENDPOINTS_PATH: {"enroll": f"{page}/add", "manage": page}
    }
    related = [each for each in origins if each.startswith("https:")]
    if related:
        documents[ORIGINS_PATH] = {"origins": related}
    return [_endpoint(path, content) for path, content in documents.items()]


def _endpoint(path: str, content: dict[str, object]) -> Endpoint:
    cached = ("Cache-Control", f"public, max-age={_MAX_AGE_SECONDS}")
    made = CachedDocument.of(json_body(content), JSON_TYPE, cached)

    def answer(request: Request) -> Response:
        return made.answer(request)

    return Endpoint(path, frozenset({"GET"}), answer, on_loop=True)
