"""Is this process alive, and can it do its work? For load balancers and supervisors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from portero.kit.maintenance import Maintenance
from portero.web.endpoints import Endpoint
from portero.web.exchange import NO_STORE, Request, Response, json_response

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """Named checks; each raises when its neighbour can't be used."""

    checks: Mapping[str, Callable[[], object]]
    maintenance: Callable[[], Maintenance | None] = lambda: None

    def faults(self) -> list[str]:
        """The names of the checks that failed; why is in the log, not in the answer."""
        failed = []
        for name, check in self.checks.items():
            try:
                check()
            except Exception:
                log.warning("readiness check %s failed", name, exc_info=True)
                failed.append(name)
        return failed


def health_endpoints(health: Health) -> list[Endpoint]:
    get = frozenset({"GET"})

    def alive(request: Request) -> Response:
        return json_response(200, {"status": "ok"}, NO_STORE)

    def ready(request: Request) -> Response:
        failed = health.faults()
        if failed:
            return json_response(503, {"status": "unavailable", "failed": failed}, NO_STORE)
        # A balancer that took this server away would show people a page of its own.
        status = "ready" if health.maintenance() is None else "maintenance"
        return json_response(200, {"status": status}, NO_STORE)

    return [
        Endpoint("/healthz", get, alive, on_loop=True),
        Endpoint("/readyz", get, ready),
    ]
