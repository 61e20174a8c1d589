"""The table of protocol endpoints: one list, mounted by the ASGI front and by a Flask blueprint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from portero.web.exchange import Request, Response

DEFAULT_BODY_CAP: Final = 64 * 1024  # bytes; a token request with a signed assertion is below 10 kB


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A function that answers some methods of one exact path.

    `on_loop`: it neither hashes nor waits for the database, so it answers on the event loop
    itself; anything slower there would hold up every other request of the worker. `at_once` says
    of one request that this is probably so: it is begun on the event loop, and begun again on a
    thread if it has to wait after all (`kit.waiting`). `body_cap` counts bytes. GET answers HEAD
    too: `answer` sees a GET and the body is left off.
    """

    path: str
    methods: frozenset[str]
    answer: Callable[[Request], Response]
    on_loop: bool = False
    at_once: Callable[[Request], bool] | None = None
    body_cap: int = DEFAULT_BODY_CAP


@dataclass(frozen=True, slots=True)
class Route:
    """All that answers on one path: by method (HEAD included), and the Allow header."""

    by_method: Mapping[str, Endpoint]
    allow: str


def routes(endpoints: Iterable[Endpoint]) -> dict[str, Route]:
    """The table by path; raises ValueError when two endpoints claim one method of one path."""
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        known = by_path.setdefault(endpoint.path, {})
        for method in sorted(endpoint.methods):
            if method in known:
                raise ValueError(f"{method} {endpoint.path} has two endpoints")
            known[method] = endpoint
    for known in by_path.values():
        if "GET" in known:
            known.setdefault("HEAD", known["GET"])
    return {path: Route(known, ", ".join(sorted(known))) for path, known in by_path.items()}
