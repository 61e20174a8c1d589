"""While the operator works on the service: 503 for pages and APIs, and what stays open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

from portero.kit.maintenance import UnderMaintenance
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response
from portero.web.looks import BRAND_ROOT, STATIC_ROOT, THEME_ROOT
from portero.web.places import DISCOVERY_PATH, JWKS_PATH, METADATA_PATH, STATUS_LIST_PATH
from portero.web.problems import extra_headers, problem_of
from portero.web.rooms import Rooms
from portero.web.standalone import StandalonePages
from portero.web.strict import PROBE_PATHS

# APIs elsewhere go on checking the tokens that are out there; and the page needs its dress.
_STAYS: Final = PROBE_PATHS | {JWKS_PATH, STATUS_LIST_PATH, DISCOVERY_PATH, METADATA_PATH}
_DRESS: Final = tuple(f"{root}/" for root in (STATIC_ROOT, BRAND_ROOT, THEME_ROOT))


def stays_open(path: str) -> bool:
    return path in _STAYS or path.startswith(_DRESS)


def require_open(rooms: Rooms, path: str) -> None:
    """Raise `UnderMaintenance` when the service is closed, and this address with it."""
    found = rooms.maintenance()
    if found is not None and not stays_open(path):
        raise UnderMaintenance(found, rooms.clock.now())


def closable(endpoints: Iterable[Endpoint], rooms: Rooms) -> Iterator[Endpoint]:
    """The table, each endpoint behind that question."""
    pages = StandalonePages(rooms.settings)
    for endpoint in endpoints:
        if stays_open(endpoint.path):
            yield endpoint
        else:
            yield replace(endpoint, answer=_asked_first(endpoint.answer, rooms, pages))


def _asked_first(
    answer: Callable[[Request], Response], rooms: Rooms, pages: StandalonePages
) -> Callable[[Request], Response]:
    maintenance = rooms.maintenance

    def asked(request: Request) -> Response:
        found = maintenance()
        if found is None:
            return answer(request)
        refusal = UnderMaintenance(found, rooms.clock.now())
        content = problem_of(refusal, pages.translator(request), request_id=request.request_id)
        return pages.problem(request, content, extra_headers(refusal))

    return asked
