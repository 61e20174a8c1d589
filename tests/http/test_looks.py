"""The look of a deployment: its brand, the brand of one client, and a theme from a folder."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest

from portero.web.templating import BadTheme
from tests.support.house import MakeHome
from tests.support.relying_party import relying_party

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><script>alert(1)</script></svg>'


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: a look is the faces' alone."""
    return sqlite_url


@pytest.fixture
def theme(tmp_path: Path) -> Path:
    folder = tmp_path / "theme"
    (folder / "templates" / "login").mkdir(parents=True)
    (folder / "static").mkdir()
    return folder


def linked(page: str) -> list[str]:
    """What the page loads."""
    return re.findall(r'(?:href|src|srcset)="(/[^"]+\?v=[^"]+)"', page)


def test_what_pages_load_is_kept_for_long_and_sent_small(make_home: MakeHome) -> None:
    """Under an address with its hash, for ever; under another, for a day."""
    client = make_home().client()
    sheet = next(url for url in linked(client.get("/sign-in").text) if "portero.css" in url)
    answer = client.get(sheet, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    plain = client.get(sheet)
    assert gzip.decompress(answer.data) == plain.data
    assert answer.headers["ETag"] != plain.headers["ETag"]
    again = client.get(sheet, headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(sheet.partition("?")[0])
    assert other.headers["Cache-Control"] == "public, max-age=86400"
    assert client.get("/static/../render.py").status_code == 404


@pytest.mark.parametrize(
    ("asked", "squeezed"),
    [("gzip, br", True), ("GZIP;q=0.5", True), ("*", True), ("gzip;q=0, br", False), ("", False)],
)
def test_only_who_can_read_it_gets_it_squeezed(
    make_home: MakeHome, asked: str, squeezed: bool
) -> None:
    """RFC 9110 §12.5.3: a quality of 0 is a no."""
    answer = make_home().client().get("/static/portero.css", headers={"Accept-Encoding": asked})
    assert (answer.headers.get("Content-Encoding") == "gzip") is squeezed
    assert answer.data.startswith(b"\x1f\x8b") is squeezed


def test_a_brand_is_on_every_page(make_home: MakeHome, tmp_path: Path) -> None:
    """Its picture, colour and links; from this origin, and without a word in the page's own
    style."""
    (tmp_path / "logo.svg").write_text(SVG)
    client = make_home(
        PORTERO_LOGO="logo.svg",
        PORTERO_ACCENT="#0b5cad",
        PORTERO_PRODUCT_NAME="House & Home",
        PORTERO_IMPRINT_URL="https://id.example/imprint",
        PORTERO_SUPPORT="help@id.example",
    ).client()
    page = client.get("/sign-in").text
    assert 'alt="House &amp; Home"' in page
    assert 'href="https://id.example/imprint"' in page
    assert 'href="mailto:help@id.example"' in page
    assert "style=" not in page
    sheet = next(url for url in linked(page) if "brand.css" in url)
    assert "--accent: light-dark(#0b5cad, #" in client.get(sheet).text
    logo = client.get(next(url for url in linked(page) if "/logo" in url))
    assert logo.content_type == "image/svg+xml"
    # Opened by itself it is a document of our origin: nothing in it may run.
    assert logo.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "sandbox" in logo.headers["Content-Security-Policy"]
    assert logo.headers["X-Content-Type-Options"] == "nosniff"


def test_without_a_brand_nothing_is_left_of_one(make_home: MakeHome) -> None:
    """No empty footer, no picture that is not there."""
    page = make_home().client().get("/sign-in").text
    assert "legal" not in page
    assert "/brand/" not in page


def test_a_client_has_a_brand_of_its_own(make_home: MakeHome, tmp_path: Path) -> None:
    """Where it sends people to sign in, and only there."""
    home = make_home()
    party = relying_party(home, logo_uri="https://app.example/logo.png")
    (tmp_path / "portero.toml").write_text(
        f'[brands."{party.client_id}"]\nname = "Notes"\naccent = "#7a0019"\n'
    )
    client = make_home().client()
    answer = client.get(f"/oauth/authorize?{urlencode(party.parameters())}")
    page = client.get(answer.location).text
    assert " · Notes</title>" in page
    sheet = next(url for url in linked(page) if "brand.css" in url)
    assert "#7a0019" in client.get(sheet).text
    assert "logo.png" not in page  # of another origin, which would see who signs in
    assert " · Portero</title>" in client.get("/sign-in").text


def test_a_theme_overrides_templates_and_adds_a_stylesheet(
    make_home: MakeHome, theme: Path
) -> None:
    """The whole page or a block of it; pages of protocol endpoints too."""
    (theme / "static" / "theme.css").write_text("main { border: 0 }")
    (theme / "static" / "secret.txt").write_text("not for browsers")
    (theme / "templates" / "layout.html").write_text(
        '{% extends "portero/layout.html" %}{% block masthead %}<b>Ours</b>{% endblock %}'
    )
    (theme / "templates" / "login" / "forgot.html").write_text("<p>{{ _('Send the link') }}</p>")
    client = make_home(PORTERO_THEME_DIR=str(theme)).client()
    page = client.get("/sign-in").text
    assert "<b>Ours</b>" in page
    assert 'name="username"' in page
    sheet = next(url for url in linked(page) if "theme.css" in url)
    assert client.get(sheet).text == "main { border: 0 }"
    assert client.get("/theme/secret.txt").status_code == 404
    assert client.get("/forgot-password").text == "<p>Send the link</p>"
    answer = client.get("/oauth/authorize?client_id=nobody", headers={"Accept": "text/html"})
    assert "<b>Ours</b>" in answer.text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("login/signin.html", "<p>", "templates/login/signin.html overrides nothing"),
        ("login/sign_in.html", "{% if %}", "templates/login/sign_in.html, line 1"),
    ],
)
def test_a_broken_theme_stops_the_start(
    make_home: MakeHome, theme: Path, name: str, content: str, sentence: str
) -> None:
    """And not somebody's sign-in."""
    (theme / "templates" / name).write_text(content)
    with pytest.raises(BadTheme, match=re.escape(sentence)):
        make_home(PORTERO_THEME_DIR=str(theme))


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ at.__globals__ }}",
        "{{ config }}",
        "{{ request.environ }}",
        "{{ g.origin }}",
    ],
)
def test_a_theme_gets_no_further_than_its_page(
    make_home: MakeHome, theme: Path, attack: str
) -> None:
    """Attack: a theme from somewhere reads what the process knows."""
    (theme / "templates" / "login" / "forgot.html").write_text(f"<p>{attack}</p>")
    answer = make_home(PORTERO_THEME_DIR=str(theme)).client().get("/forgot-password")
    assert answer.status_code == 500
    assert "class" not in answer.text.replace("class=", "")
