"""Prometheus metrics: counted in every worker, told by one of them on a port of its own.

Off by default, and then prometheus-client is not even imported. The listener is on loopback and
apart from the public one, so that no proxy rule can forget to hide it. Workers share a folder of
counters (prometheus-client's multiprocess mode); whichever worker gets the port tells the sums of
all, and when it ends another takes the port.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

log = logging.getLogger(__name__)

_HOST: Final = "127.0.0.1"
_RETRY_SECONDS: Final = 5.0
# A token answer takes under a millisecond, a login tens of them, a queue of logins seconds.
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

Gauges = Callable[[], Iterable[tuple[str, float]]]


class PrometheusMeter:
    """What the rooms count. Made before the fork, so that all workers share one folder."""

    def __init__(self) -> None:
        folder = tempfile.mkdtemp(prefix="portero-metrics-")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read by prometheus-client at its import
        from prometheus_client import CollectorRegistry, Counter, Histogram

        own = CollectorRegistry()
        self._events = Counter(
            "portero_events",
            "Audit events, by kind and outcome.",
            ("kind", "outcome"),
            registry=own,
        )
        self._requests = Counter(
            "portero_http_requests", "Answered requests, by status.", ("status",), registry=own
        )
        self._seconds = Histogram(
            "portero_http_request_seconds",
            "Time from the whole request to the whole answer.",
            registry=own,
            buckets=_BUCKETS,
        )
        self._breach_failures = Counter(
            "portero_breach_check_failures",
            "Passwords that were let through because the breach service did not answer.",
            registry=own,
        )

    def event(self, kind: str, outcome: str) -> None:
        self._events.labels(kind, outcome).inc()

    def request(self, status: int, seconds: float) -> None:
        self._requests.labels(str(status)).inc()
        self._seconds.observe(seconds)

    def breach_failure(self) -> None:
        self._breach_failures.inc()


class MetricsListener:
    """Tells the sums at `http://127.0.0.1:<port>/metrics`, from whichever worker has the port.

    `gauges` gives what is looked up at each scrape: (name, value) pairs, such as queue lengths.
    """

    def __init__(self, port: int, *, gauges: Gauges) -> None:
        self._port = port
        self._gauges = gauges

    def run(self, stop: threading.Event) -> None:
        """Try for the port until `stop`; serve while it is ours."""
        while not stop.is_set():
            try:
                server = ThreadingHTTPServer((_HOST, self._port), _answering(self._told))
            except OSError:
                stop.wait(_RETRY_SECONDS)  # another worker has it
                continue
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            stop.wait()
            server.shutdown()
            server.server_close()

    def _told(self) -> bytes:
        from prometheus_client import CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # of the library
        return generate_latest(registry) + self._gauge_lines()

    def _gauge_lines(self) -> bytes:
        try:
            found = list(self._gauges())
        except Exception:
            log.exception("a gauge could not be read")
            return b""
        families = dict.fromkeys(name.partition("{")[0] for name, _ in found)
        lines = [f"# TYPE {family} gauge" for family in families]
        lines += [f"{name} {value}" for name, value in found]
        return "\n".join([*lines, ""]).encode()


def _answering(told: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Scrape(BaseHTTPRequestHandler):
        server_version, sys_version = "portero", ""  # no version: scanners read it

        def do_GET(self) -> None:
            body = told() if self.path == "/metrics" else b""
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base's name
            """Scrapes are not worth a line each."""

    return Scrape
