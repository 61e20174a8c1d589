"""Both doors of one house in this process, for clients that keep cookies as browsers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx2
from starlette.testclient import TestClient

from portero.app import create_front
from tests.support.house import Home

DOORS = ("front", "wsgi")
Open = Callable[[], httpx2.Client]


def opener(home: Home, door: str) -> Open:
    """Makes clients at the origin of the issuer: by the front, or by the WSGI application. Their
    cookies go by path, and the secure ones by https alone."""
    parts = urlsplit(home.house.settings.issuer)
    origin = f"{parts.scheme}://{parts.netloc}"
    front = create_front(home.house) if door == "front" else None

    def opened() -> httpx2.Client:
        if front is not None:
            here = ("127.0.0.1", 50000)
            made: Any = TestClient(front, base_url=origin, follow_redirects=False, client=here)
        else:
            transport = httpx2.WSGITransport(app=home.app)
            made = httpx2.Client(transport=transport, base_url=origin)
        client: httpx2.Client = made
        return client

    return opened
