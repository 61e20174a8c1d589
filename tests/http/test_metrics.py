"""Metrics: on a loopback port of their own, summed over all workers, and nowhere else."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.support.house import CHEAP_HASH
from tests.support.server import StartServer
from tests.support.services import free_port

PATIENCE_SECONDS = 10.0


def fetched(url: str, body: Any = None) -> tuple[int, str]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def until(found: Callable[[], bool]) -> None:
    """Poll a little while; what the caller then asserts says what is wrong."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not found() and time.monotonic() < deadline:
        time.sleep(0.05)


def test_what_two_workers_did_is_summed_on_the_port_of_its_own(server: StartServer) -> None:
    """Registrations and refused logins, whichever worker had them; the public listener has none."""
    port = free_port()
    running = server({"PORTERO_METRICS_PORT": str(port), **CHEAP_HASH}, "--workers", "2")
    for number in range(6):
        body = {"username": f"ana{number}", "password": "olive kettle wanders north"}
        assert fetched(f"{running.url}/register", body)[0] == 201
        assert fetched(f"{running.url}/login", {**body, "password": "wrong"})[0] == 401

    def told() -> str:
        try:
            return fetched(f"http://127.0.0.1:{port}/metrics")[1]
        except OSError:
            return ""

    created = 'portero_events_total{kind="account.created",outcome="success"} 6.0'
    until(lambda: created in told())
    text = told()
    assert created in text
    assert 'portero_events_total{kind="login.failed",outcome="failure"} 6.0' in text
    assert 'portero_http_requests_total{status="201"} 6.0' in text
    assert 'portero_outbox_jobs{state="pending"}' in text
    assert "portero_stuffing_alarm 0.0" in text
    assert fetched(f"{running.url}/metrics")[0] == 404
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert answer.headers["Server"].strip() == "portero"  # and no version, of Python either
