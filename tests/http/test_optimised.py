"""`python -O` leaves out every assert. What is shipped has none that guards anything
(`tests/attack/test_advisories_recovery.py`); here is a server that runs without them."""

from __future__ import annotations

import httpx2

from tests.support.house import CHEAP_HASH, OTHER_PASSWORD, PASSWORD, bearer
from tests.support.server import StartServer


def test_python_o_changes_nothing(server: StartServer) -> None:
    """The right password opens, the wrong one does not; a token that was changed, or that ended,
    opens nothing."""
    running = server({"PYTHONOPTIMIZE": "1", **CHEAP_HASH})
    person = {"username": "ana", "password": PASSWORD}
    with httpx2.Client(base_url=running.url) as client:
        assert client.post("/register", json=person).status_code == 201
        wrong = client.post("/login", json={**person, "password": OTHER_PASSWORD})
        assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_credentials")
        token = client.post("/login", json=person).json()["access_token"]
        head, payload, signature = token.split(".")
        turned = f"{head}.{payload}.{signature[::-1]}"
        for path in ("/me", "/protected"):
            assert client.get(path, headers=bearer(token)).status_code == 200
            assert client.get(path, headers=bearer(turned)).status_code == 401
        assert client.post("/logout", headers=bearer(token)).status_code == 200
        for path in ("/me", "/protected"):
            assert client.get(path, headers=bearer(token)).status_code == 401
