"""`portero serve` as a process: it starts healthy, and ends in order when asked to."""

from __future__ import annotations

import secrets
import urllib.request

from tests.support.server import StartServer


def test_a_server_answers_until_it_is_told_to_stop(server: StartServer) -> None:
    """/healthz says 200 once it is up, and SIGTERM ends it with status 0."""
    running = server()
    with urllib.request.urlopen(f"{running.url}/healthz", timeout=5) as answer:
        assert answer.status == 200
    assert running.stop() == 0


def test_two_servers_share_one_postgresql(server: StartServer, postgresql_url: str) -> None:
    """Both start on the same migrated database, each on a port of its own."""
    env = {"DATABASE_URL": postgresql_url, "SECRET_KEY": secrets.token_urlsafe(48)}
    first, second = server(env), server(env)
    assert first.port != second.port
