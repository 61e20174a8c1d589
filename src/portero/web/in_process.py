"""What a guard asks of its issuer, where both are one process: a call instead of a connection.

A server that answers one request at a time would otherwise wait for itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlencode, urlsplit

import uuid_utils

from portero.protocol.oauth.parameters import FORM_TYPE
from portero.web.base_path import BasePath
from portero.web.endpoints import Endpoint, routes
from portero.web.exchange import Headers, Request, Response, by_name
from portero_guard.fetch import Credentials, FetchFailed, NotThere

_PEER: Final = "127.0.0.1"


class InProcess:
    """A `portero_guard.fetch.Fetch` over the endpoint table of `issuer`. `ready` is called first,
    and raises while the issuer can't answer."""

    def __init__(
        self, issuer: str, endpoints: Iterable[Endpoint], *, ready: Callable[[], None]
    ) -> None:
        parts = urlsplit(issuer)
        self._origin = (parts.scheme, parts.netloc)
        self._base = BasePath.of(issuer)
        self._routes = routes(endpoints)
        self._ready = ready

    def get(self, url: str) -> bytes:
        return self._good("GET", url, (), b"")

    def post(self, url: str, *, form: dict[str, str], credentials: Credentials) -> bytes:
        headers = (("authorization", credentials.basic()), ("content-type", FORM_TYPE))
        return self._good("POST", url, headers, urlencode(form).encode())

    def ask(self, method: str, url: str, headers: Headers = (), body: bytes = b"") -> Response:
        """Whatever it answers. Raises `FetchFailed` when it can't."""
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) != self._origin:
            raise FetchFailed(f"{url} is not of this process")
        route = self._routes.get(self._base.below(parts.path) or "")
        endpoint = route.by_method.get(method) if route is not None else None
        if endpoint is None:
            raise NotThere(f"{url} is nowhere in this process")
        try:
            self._ready()
        except Exception as error:
            raise FetchFailed(f"the issuer in this process can't start: {error}") from error
        request = Request(
            method=method,
            path=endpoint.path,
            query_string=parts.query,
            headers=by_name((("host", parts.netloc), *headers)),
            body=body,
            peer=_PEER,
            scheme=parts.scheme,
            request_id=uuid_utils.uuid7().hex,
        )
        return endpoint.answer(request)

    def _good(self, method: str, url: str, headers: Headers, body: bytes) -> bytes:
        answer = self.ask(method, url, headers, body)
        if answer.status != 200:
            raise FetchFailed(f"{url} answered {answer.status}")
        return answer.body
