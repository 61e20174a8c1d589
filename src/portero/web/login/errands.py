"""What somebody signs in for, and where they go on afterwards.

Only places of our own: what waits is named by a handle and never by a URL (open redirects).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from flask import request

from portero.core.provider.authorize.model import Asked
from portero.web.forms import Forms
from portero.web.pages import made_for, name_of
from portero.web.places import (
    ACCOUNT_PATH,
    CONTINUATION_PATH,
    DEVICE_PAGE_PATH,
    REQUESTS_PATH,
    SIGN_IN_PATH,
    account_page_of,
)
from portero.web.rooms import Rooms

# The device page, with the code that was typed there. No handle of a request has a dot, or is so
# short.
_DEVICE: Final = re.compile(r"device(\.(?P<code>[A-Z]{4}-[A-Z]{4}))?")
_REQUESTS: Final = REQUESTS_PATH.removeprefix("/")


@dataclass(frozen=True, slots=True)
class Errand:
    """`asked` is the application's request; None for this service and its own pages."""

    handle: str
    asked: Asked | None

    @property
    def client_name(self) -> str:
        return "" if self.asked is None else name_of(self.asked.client)

    @property
    def hint(self) -> str:
        """The name that the application expects to be typed."""
        return "" if self.asked is None else self.asked.request.login_hint

    @property
    def next_place(self) -> str:
        if self.asked is not None:
            return f"{CONTINUATION_PATH}?{urlencode({'request': self.handle})}"
        if self.handle == _REQUESTS:
            return REQUESTS_PATH
        device = _DEVICE.fullmatch(self.handle)
        if device is None:
            return account_page_of(self.handle) or ACCOUNT_PATH
        code = device["code"]
        return f"{DEVICE_PAGE_PATH}?{urlencode({'user_code': code})}" if code else DEVICE_PAGE_PATH


def handle_of_request() -> str:
    """The handle that came with the present request, unchecked; '' for none."""
    return request.values.get("request", "")[:128]


def sign_in_url() -> str:
    """The sign-in page, for the errand that the present request came with."""
    handle = handle_of_request()
    return f"{SIGN_IN_PATH}?{urlencode({'request': handle})}" if handle else SIGN_IN_PATH


def errand_of_request(rooms: Rooms, forms: Forms) -> Errand:
    """What the handle stands for, in this browser. Raises `WaitingRequestOver`."""
    handle = handle_of_request()
    if handle in {"", _REQUESTS} or _DEVICE.fullmatch(handle) or account_page_of(handle):
        return Errand(handle, None)
    asked = rooms.provider.authorize.waiting_for(handle, forms.browser())
    made_for(rooms.settings, asked)
    return Errand(handle, asked)
