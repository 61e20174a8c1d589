"""Settings of approval on another device."""

from __future__ import annotations

from pathlib import Path

import pytest

from portero.settings import SettingsError, load

SECRET = {"SECRET_KEY": "tests-only-Zr4mQ8vL2xT7pK9wB3nH6yD1"}


def test_push_services_reach_us_at_the_issuer(tmp_path: Path) -> None:
    """Or, while that is no https, at the sender of mails (RFC 8292 §2.1)."""
    assert load({}, cwd=tmp_path).push_contact == "mailto:no-reply@localhost"
    named = {**SECRET, "PORTERO_ISSUER": "https://id.example.org"}
    assert load(named, cwd=tmp_path).push_contact == "https://id.example.org"
    told = {**named, "PORTERO_PUSH_CONTACT": "mailto:ops@example.org"}
    assert load(told, cwd=tmp_path).push_contact == "mailto:ops@example.org"


def test_nobody_is_called_where_it_is_off(tmp_path: Path) -> None:
    """And names are read in any case."""
    assert load({"PORTERO_PUSH_SERVICES": "off"}, cwd=tmp_path).push_services == ()
    assert load({"PORTERO_PUSH_SERVICES": "Push.Example.org"}, cwd=tmp_path).push_services == (
        "push.example.org",
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PORTERO_PUSH_SERVICES", "*"),
        ("PORTERO_PUSH_SERVICES", "*.com"),
        ("PORTERO_PUSH_SERVICES", "push.*.example"),
        ("PORTERO_PUSH_SERVICES", "https://push.example"),
        ("PORTERO_PUSH_SERVICES", "push.example:8443"),
        ("PORTERO_PUSH_SERVICES", "localhost"),
        ("PORTERO_PUSH_CONTACT", "ops@example.org"),
        ("PORTERO_PUSH_CONTACT", "http://example.org"),
        ("PORTERO_PUSH_CONTACT", "mailto:"),
    ],
)
def test_what_is_no_host_or_contact_stops_the_start(tmp_path: Path, key: str, value: str) -> None:
    """A star that stands for everybody too."""
    with pytest.raises(SettingsError, match=key):
        load({key: value}, cwd=tmp_path)
