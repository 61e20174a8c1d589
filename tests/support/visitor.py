"""Somebody at a browser who goes where pages lead, and keeps every page and address seen."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx2

_ADDRESSES = ("href", "src", "action", "formaction", "poster", "data")
_HTML = {"Accept": "text/html"}
_MAX_HOPS = 8


@dataclass(slots=True)
class Form:
    action: str | None = None
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The forms of a page, and each address in it by the attribute that has it."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__()
        self.url = str(answer.url)
        self.status = answer.status_code
        self.text = answer.text
        self.forms: list[Form] = []
        self.addresses: list[tuple[str, str]] = []
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.addresses += [(name, named[name]) for name in _ADDRESSES if name in named]
        if tag == "meta" and named.get("http-equiv", "").lower() == "refresh":
            self.addresses.append(("refresh", named["content"].partition("url=")[2]))
        if tag == "form":
            self.forms.append(Form(named.get("action")))
        sent = "name" in named and (named.get("type") != "checkbox" or "checked" in named)
        if tag == "input" and self.forms and sent:
            self.forms[-1].fields[named["name"]] = named.get("value", "")


class Visitor:
    """`pages` are all that were shown, `places` all that somebody was sent to by a redirect."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        self.pages: list[Page] = []
        self.places: list[str] = []

    def go(self, path: str) -> Page:
        """Open an address of this host, and whatever it leads to on this host."""
        return self._shown(self._client.get(path, headers=_HTML))

    def submit(self, page: Page, action: str | None, **typed: str) -> Page:
        """Fill in the form that goes to `action` (None: to where the page is), and send it."""
        form = next((each for each in page.forms if each.action == action), None)
        assert form is not None, (action, [each.action for each in page.forms])
        target = urljoin(page.url, form.action or "")
        return self._shown(self._client.post(target, data={**form.fields, **typed}, headers=_HTML))

    def follow(self, page: Page, href: str) -> Page:
        """Click the link to `href`, with whatever query it has."""
        found = [
            url for name, url in page.addresses if name == "href" and url.split("?")[0] == href
        ]
        assert found, (href, page.addresses)
        return self.go(found[0])

    def _shown(self, answer: httpx2.Response) -> Page:
        for _ in range(_MAX_HOPS):
            place = answer.headers.get("location")
            if place is None:
                break
            self.places.append(place)
            target = urljoin(str(answer.url), place)
            if urlsplit(target).netloc != answer.url.netloc.decode():
                break
            answer = self._client.get(target, headers=_HTML)
        page = Page(answer)
        self.pages.append(page)
        return page
