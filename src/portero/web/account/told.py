"""The sentence that says what was done, on the page that is shown after the redirect.

It waits in a cookie that only this server can have written, for this browser: a link from
elsewhere can't have a page of ours say anything.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import request

from portero.kit.secrets import Secret, same_secret
from portero.web.exchange import Headers
from portero.web.own_cookie import OwnCookie

_SECONDS: Final = 60  # of a redirect that nobody followed, nothing is told later
_PURPOSE: Final = b"done\0"


@dataclass(frozen=True, slots=True)
class Done:
    """What a form did: an English sentence of ours without values, translated when it is shown; on
    the page of the console at `page`, where that is not the form's own."""

    public: str
    page: str = ""


class Told:
    def __init__(self, *, keys: Sequence[bytes], issuer: str) -> None:
        self._keys = tuple(keys)
        self._cookie = OwnCookie("portero_done", issuer=issuer, max_age_seconds=_SECONDS)

    def put(self, done: Done, browser: str) -> Headers:
        """The headers that keep it for the next page of that browser."""
        text = base64.urlsafe_b64encode(done.public.encode()).decode()
        return self._cookie.put(Secret(f"{text}.{_mac(self._keys[0], text, browser)}"))

    def take(self, browser: str) -> str:
        """The sentence that waits; '' for none, and for one that this server did not write."""
        text, _, mac = self._cookie.read(request.headers.get("Cookie")).partition(".")
        if not any(same_secret(mac, _mac(key, text, browser)) for key in self._keys):
            return ""
        return base64.urlsafe_b64decode(text).decode()

    def forget(self) -> Headers:
        return self._cookie.clear()


def _mac(key: bytes, text: str, browser: str) -> str:
    return hmac.digest(key, _PURPOSE + f"{text}\0{browser}".encode(), hashlib.sha256).hex()
