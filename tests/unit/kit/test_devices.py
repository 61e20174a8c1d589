"""A device is named as its owner would name it."""

from __future__ import annotations

import pytest

from portero.kit.devices import Device, device_of

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            Device("Firefox", "Linux"),
        ),
        (
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0",
            Device("Firefox", "Linux"),
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/127.0.0.0 Safari/537.36"
            " Edg/127.0.0.0",
            Device("Edge", "Windows"),
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like"
            " Gecko) Version/17.4 Safari/605.1.15",
            Device("Safari", "macOS"),
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML,"
            " like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            Device("Safari", "iPhone", is_hand_held=True),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {WEBKIT} Chrome/127.0.0.0 Mobile"
            " Safari/537.36",
            Device("Chrome", "Pixel 8", is_hand_held=True),
        ),
        (
            f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/127.0.0.0 Mobile Safari/537.36",
            Device("Chrome", "Android", is_hand_held=True),
        ),
        ("curl/8.5.0", Device("curl")),
        ("", Device()),
        ("\u202e\x00<script>", Device()),
    ],
)
def test_a_device_has_the_name_that_people_use(user_agent: str, device: Device) -> None:
    """Not "Mobile Safari", not "Mac OS X", and the phone rather than its system."""
    assert device_of(user_agent) == device


def test_a_name_has_an_end() -> None:
    """However long somebody's model is."""
    named = device_of(f"Mozilla/5.0 (Linux; Android 14; {'x' * 400}) Chrome/127.0.0.0 Mobile")
    assert len(named.system) <= 64
