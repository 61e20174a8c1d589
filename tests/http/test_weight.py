"""What a person waits for before they can sign in: little, and from here alone."""

from __future__ import annotations

from benchmarks.pages import weigh
from tests.support.server import StartServer

MOST_BYTES = 40_000


def test_the_sign_in_page_is_light(server: StartServer) -> None:
    """With stylesheet, script and icon, on the wire; and nothing is asked of another origin."""
    loaded, elsewhere = weigh(server().port)
    assert {path.split("?")[0] for path in loaded} >= {
        "/sign-in",
        "/static/icon.svg",
        "/static/page.js",
        "/static/portero.css",
    }
    assert sum(loaded.values()) < MOST_BYTES
    assert elsewhere == []


def test_a_brand_does_not_make_it_heavy(server: StartServer) -> None:
    """A colour is a hundred bytes; a logo is as large as the operator made it."""
    loaded, elsewhere = weigh(server({"PORTERO_ACCENT": "#0b5cad"}).port)
    sheet = [size for path, size in loaded.items() if path.startswith("/brand/")]
    assert len(sheet) == 1
    assert sheet[0] < 1500
    assert elsewhere == []
