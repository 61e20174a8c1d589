"""Where messages may go, and what is a number."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from portero.core.factors.push import PushServices
from portero.core.factors.push.rules import number_of, typed_number
from portero.settings import load


@pytest.fixture
def services(tmp_path: Path) -> PushServices:
    """What there is without a setting."""
    return PushServices(load({}, cwd=tmp_path).push_services)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc:APA91",
        "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
        "https://web.push.apple.com/QGuQyavXutnMH",
        "https://wns2-by3p.notify.windows.com/w/?token=BQYAAA",
        "https://FCM.googleapis.com:443/x",
    ],
)
def test_the_services_of_the_four_browsers_are_known(services: PushServices, endpoint: str) -> None:
    """Chrome, Firefox, Safari, Edge."""
    assert services.serves(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://push.apple.com.attacker.example/x",
        "https://attackerpush.apple.com.example/x",
        "https://notify.windows.com/x",  # `*.` is one label or more
        "https://xnotify.windows.com/x",
        "https://googleapis.com/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com:444/x",
        "https://fcm.googleapis.com:99999/x",
        "https://fcm.googleapis.com/x#y",
        "https://fcm.googleapis.com/\r\nHost: inside",
        "https://fcm.googleapis.com\\@attacker.example/x",
        "https://fcm.googleapis.com。attacker.example/x",
        "http://fcm.googleapis.com/x",
        "ftp://fcm.googleapis.com/x",
        "//fcm.googleapis.com/x",
        "https:fcm.googleapis.com",
        "http://127.0.0.1:9000/x",
        "https://localhost/x",
        "https://[::1]/x",
        "",
    ],
)
def test_which_endpoints_are_called(services: PushServices, endpoint: str) -> None:
    """None but theirs, by https at its own port; this machine while developing alone."""
    assert not services.serves(endpoint)
    local = PushServices(services.hosts, loopback=True).serves(endpoint)
    assert local == any(host in endpoint for host in ("127.0.0.1", "localhost", "[::1]"))


def test_each_number_has_two_digits_and_all_come() -> None:
    """From 10 to 99, and none much oftener than others."""
    macs = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(9000)]
    found = [number_of(mac) for mac in macs]
    assert set(found) == {str(number) for number in range(10, 100)}
    assert max(found.count(each) for each in set(found)) < 200


@pytest.mark.parametrize(
    ("typed", "number"),
    [("42", "42"), (" 4 2 ", "42"), ("", ""), ("4", ""), ("420", ""), ("4a", ""), ("٤٢", "")],
)
def test_what_is_read_as_a_number(typed: str, number: str) -> None:
    """Two digits, with spaces or without."""
    assert typed_number(typed) == number
