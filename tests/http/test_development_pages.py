"""What is there while developing, is there for this machine alone, and nowhere in production."""

from __future__ import annotations

import pytest

from tests.support.house import Home, MakeHome

PAGES = ["/styleguide"]


@pytest.mark.parametrize("path", PAGES)
def test_a_developer_sees_them(home: Home, path: str) -> None:
    """On a loopback issuer, from this machine."""
    answer = home.client().get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", PAGES)
def test_in_production_they_are_not_there(make_home: MakeHome, path: str) -> None:
    """Behind a public issuer, even for the machine itself."""
    home = make_home(PORTERO_ISSUER="https://id.example.org")
    assert home.client().get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_proxy_ends_development(make_home: MakeHome, path: str) -> None:
    """Whoever trusts a proxy has callers from elsewhere."""
    home = make_home(PORTERO_TRUSTED_PROXIES="127.0.0.1/32")
    assert home.client().get(path).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_another_machine_sees_nothing(home: Home, path: str) -> None:
    """The peer is not of this machine."""
    answer = home.client().get(path, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert answer.status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_another_name_sees_nothing(make_home: MakeHome, path: str) -> None:
    """Attack (DNS rebinding): a site whose name now leads to this machine asks for the page."""
    home = make_home(PORTERO_ALLOWED_HOSTS="evil.example:8000")
    answer = home.client().get(path, base_url="http://evil.example:8000")
    assert answer.status_code == 404


def test_the_style_guide_shows_both_schemes_and_both_ways_of_writing(home: Home) -> None:
    """Whatever the browser prefers."""
    page = home.client().get("/styleguide?scheme=dark&lang=ar").text
    assert 'dir="rtl" class="scheme-dark"' in page
    assert 'class="scheme' not in home.client().get('/styleguide?scheme="x').text
