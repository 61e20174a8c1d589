"""Which endpoints an application in a browser may call from its own origin (Fetch §3.2).

No cookie is read at any of them, so any page may call, and read, with what it holds itself. The
answer is "*" for everybody: it depends on no Origin header and can be cached.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from portero.web.endpoints import Endpoint
from portero.web.exchange import Headers, Request, Response

NONCE_HEADER: Final = "DPoP-Nonce"
# Without the second line a page could not read which nonce to use, why it was refused, or when to
# come again.
CORS: Final[Headers] = (
    ("Access-Control-Allow-Origin", "*"),
    (
        "Access-Control-Expose-Headers",
        f"{NONCE_HEADER}, WWW-Authenticate, Retry-After, RateLimit, RateLimit-Policy",
    ),
)
_MAX_AGE_SECONDS: Final = 7200  # no browser remembers a preflight for longer


def preflight(path: str, methods: Iterable[str]) -> Endpoint:
    """The OPTIONS answer of a path that pages of other origins may call by these methods.

    Authorization has to be named: the `*` of Fetch does not cover it.
    """
    answer_once = Response(
        204,
        b"",
        (
            *CORS,
            ("Access-Control-Allow-Methods", ", ".join(methods)),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
            ("Access-Control-Max-Age", str(_MAX_AGE_SECONDS)),
        ),
    )

    def answer(request: Request) -> Response:
        return answer_once

    return Endpoint(path, frozenset({"OPTIONS"}), answer, on_loop=True)
