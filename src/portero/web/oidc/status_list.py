"""The signed status list (draft-ietf-oauth-status-list §8), at `/oauth/status-list`."""

from __future__ import annotations

from typing import Final

from portero.core.provider.statuses import StatusList
from portero.kit.refusals import Busy
from portero.protocol.oauth.status_list import STATUS_LIST_MEDIA_TYPE
from portero.web.cached import CachedDocument
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, problem
from portero.web.places import STATUS_LIST_PATH

# §11.3: applications in browsers may check tokens too. It names nobody.
_CORS: Final = ("Access-Control-Allow-Origin", "*")


def status_list_endpoint(statuses: StatusList) -> Endpoint:
    def answer(request: Request) -> Response:
        try:
            made = statuses.signed()
        except Busy as refusal:
            retry = ("Retry-After", str(refusal.retry_after_seconds or 1))
            return problem(503, refusal.code, refusal.public, retry, _CORS)
        return CachedDocument.of(
            made.jws.encode("ascii"),
            STATUS_LIST_MEDIA_TYPE,
            # No cache on the way may keep it longer than we do: the promise to guards counts on it.
            ("Cache-Control", f"public, max-age={made.fresh_seconds}"),
            _CORS,
            etag=made.etag,
        ).answer(request)

    # Not on the event loop: once in a few seconds it reads the database and signs.
    return Endpoint(STATUS_LIST_PATH, frozenset({"GET"}), answer)
