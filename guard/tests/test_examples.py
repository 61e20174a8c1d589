"""The examples run as their readers run them: from the environment alone, on the real clock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guard.tests.local_issuer import LocalIssuer

EXAMPLES = Path(__file__).parents[2] / "examples"

# Each prints the statuses of: no token, a good one, a good one deleting, an old sign-in deleting.
ASK = """
import json, os
good, old = ({"Authorization": "Bearer " + os.environ[name]} for name in ("GOOD", "OLD"))
said = [client.get("/healthz"), client.get("/protected"), client.get("/protected", headers=good),
        client.delete("/notes", headers=good), client.delete("/notes", headers=old)]
print(json.dumps([[each.status_code for each in said], body(said[2])]))
"""
STARTS = {
    "flask_api": """
import app
client = app.create_app().test_client()
body = lambda said: said.get_json()
""",
    "asgi_api": """
import app
from starlette.testclient import TestClient
client = TestClient(app.create_app())
body = lambda said: said.json()
""",
    "django_api": """
import app
from django.conf import settings
settings.ALLOWED_HOSTS = ["testserver"]
from django.test import Client
client = Client()
body = lambda said: said.json()
""",
}


def ran(example: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTERO_")}
    return subprocess.run(
        [sys.executable, "-c", STARTS[example] + ASK],
        cwd=EXAMPLES / example,
        env=kept | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("example", STARTS)
def test_an_example_lets_in_whom_it_should(example: str, issuer: LocalIssuer) -> None:
    """Open, closed, opened by a token, and closed again to an old sign-in."""
    now = datetime.now(UTC)
    audience, at = f"{issuer.url}/api", int(now.timestamp())
    done = ran(
        example,
        PORTERO_ISSUER=issuer.url,
        GOOD=issuer.token(now, aud=audience),
        OLD=issuer.token(now, aud=audience, auth_time=at - 3600),
    )
    assert done.returncode == 0, done.stderr
    statuses, said = json.loads(done.stdout)
    assert statuses == [200, 401, 200, 204, 401]
    assert said == {"message": "Hello, alice!", "user_id": "0193-alice"}


@pytest.mark.parametrize("example", STARTS)
def test_an_example_does_not_start_without_an_issuer(example: str) -> None:
    """And says what is missing."""
    done = ran(example, GOOD="x", OLD="x")
    assert done.returncode != 0
    assert "Set PORTERO_ISSUER" in done.stderr
