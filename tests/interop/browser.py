"""A person at a browser that only knows forms: signs in, agrees, and is sent back to the client.

Speaks real HTTP and keeps cookies. It knows the pages by their forms and fills them as people do,
with every hidden field that the page put there.
"""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2

PASSWORD = "copper kettle waits by noon 7"
USERNAME = "ana"
_FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
_FIELD = re.compile(r"<(?:input|button)\b([^>]*)>")
_ATTRIBUTE = re.compile(r'([a-z-]+)="([^"]*)"')
_MAX_PAGES = 12


class Browser:
    """One browser at one Portero; it stops at the first address that is elsewhere."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        parts = urlsplit(issuer)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base = parts.path
        self.forms: list[str] = []
        self._http = httpx2.Client(headers={"User-Agent": "Mozilla/5.0 (interop)"}, timeout=20)

    def authorize(self, url: str) -> str:
        """Open the client's authorization URL; the address that the browser is sent back to."""
        place, form = url, None
        for _ in range(_MAX_PAGES):
            answer = self._sent(place, form)
            if answer.is_redirect:
                place, form = urljoin(place, answer.headers["location"]), None
                if not place.startswith(self.issuer + "/"):
                    return place
            else:
                place, form = self._filled(place, answer)
        raise AssertionError("the pages go in a circle")

    def answer_application(self) -> str:
        """Open the page where applications wait, sign in, and allow the first. What is said."""
        return self._allowed(f"{self.issuer}/requests")

    def answer_device(self, url: str) -> str:
        """Open the address that a device shows with its code, sign in, and allow. What is said."""
        return self._allowed(url)

    def _allowed(self, place: str) -> str:
        form: dict[str, str] | None = None
        for _ in range(_MAX_PAGES):
            decided = "decision" in (form or {})
            answer = self._sent(place, form)
            if answer.is_redirect:
                place, form = urljoin(place, answer.headers["location"]), None
            elif decided:
                assert answer.status_code == 200, answer.text
                return answer.text
            else:
                place, form = self._filled(place, answer)
        raise AssertionError("the pages go in a circle")

    def _sent(self, place: str, form: dict[str, str] | None) -> httpx2.Response:
        if form is None:
            return self._http.get(place)
        return self._http.post(place, data=form, headers={"Origin": self._origin})

    def _filled(self, place: str, answer: httpx2.Response) -> tuple[str, dict[str, str]]:
        """Where the form of the page goes, and what a person puts into it."""
        assert answer.status_code == 200, f"{place}: {answer.status_code}\n{answer.text}"
        for head, body in _FORM.findall(answer.text):
            action = html.unescape(dict(_ATTRIBUTE.findall(head)).get("action", ""))
            known = action.removeprefix(self._base)
            if known not in ("/sign-in", "/consent", "/sign-out", "/requests", "/device"):
                continue
            assert action == self._base + known, "a form that leaves the issuer's path"
            fields = _fields(body)
            if known == "/sign-in":
                fields |= {"username": USERNAME, "password": PASSWORD}
            if "decision" in fields:
                fields["decision"] = "allow"
            self.forms.append(known)
            return urljoin(place, action), fields
        raise AssertionError(f"{place} has no form that a person would fill:\n{answer.text}")


def _fields(body: str) -> dict[str, str]:
    found = (dict(_ATTRIBUTE.findall(tag)) for tag in _FIELD.findall(body))
    return {each["name"]: html.unescape(each.get("value", "")) for each in found if "name" in each}


def query_of(url: str) -> dict[str, str]:
    """The parameters that a client reads from its callback's address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
