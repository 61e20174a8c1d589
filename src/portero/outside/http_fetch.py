"""The only outgoing HTTP of Portero, guarded against server-side request forgery.

The attack: somebody names a URL (a logo, a webhook, a key set) that leads to the cloud's metadata
service or to a database behind the firewall. The defence, in this order: https only; the name is
resolved once; every address must be public by our own list; the connection goes to the address
that was checked, so that a name that changes its mind (DNS rebinding) gains nothing; redirects
are not followed; proxies of the environment are not used; time and size are capped as a whole.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Final

from portero.kit import waiting
from portero.outside.reach import FetchFailed, FetchForbidden, Reach

if TYPE_CHECKING:
    import httpx2

    from portero.outside.pinned import PinnedTransport

__all__ = ["FetchFailed", "FetchForbidden", "Fetched", "HttpFetch"]

_TIMEOUT_SECONDS: Final = 5.0
_MAX_BODY_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: header names in lower case, the body complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpFetch:
    """One request, one answer, no memory between them."""

    def __init__(
        self,
        *,
        allowed_hosts: Collection[str] = (),
        allow_loopback: bool = False,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        hosts = frozenset(host.lower().rstrip(".") for host in allowed_hosts)
        self._reach = Reach(hosts, allow_loopback)
        self._given_context = ssl_context

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        max_bytes: int = _MAX_BODY_BYTES,
    ) -> Fetched:
        return self.send(
            "GET", url, headers=headers, timeout_seconds=timeout_seconds, max_bytes=max_bytes
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout_seconds: float = _TIMEOUT_SECONDS,
        max_bytes: int = _MAX_BODY_BYTES,
    ) -> Fetched:
        """Any answer, whatever its status (redirects too). `timeout_seconds` is for all of it.
        Raises `FetchForbidden` and `FetchFailed`."""
        waiting.expected()
        import httpx2  # a tenth of a second that start-up need not pay

        deadline = monotonic() + timeout_seconds
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise FetchForbidden("the URL can not be parsed") from error
        self._check_url(parsed)
        sent = {"accept-encoding": "identity", "user-agent": "portero", **(headers or {})}
        with self._transport(parsed, deadline) as transport, _as_fetch_failed():
            client = httpx2.Client(transport=transport, trust_env=False, follow_redirects=False)
            with client.stream(method, parsed, headers=sent, content=body) as response:
                content = _read(response, max_bytes=max_bytes)
                found = {name.lower(): value for name, value in response.headers.items()}
                return Fetched(response.status_code, found, content)

    @cached_property
    def _ssl_context(self) -> ssl.SSLContext:
        return self._given_context or ssl.create_default_context()

    def _transport(self, url: httpx2.URL, deadline: float) -> PinnedTransport:
        from portero.outside.pinned import PinnedTransport

        return PinnedTransport(self._reach, self._ssl_context, deadline, plain=url.scheme == "http")

    def _check_url(self, url: httpx2.URL) -> None:
        if url.scheme not in {"https", "http"} or not url.host or url.userinfo:
            raise FetchForbidden("only http(s) URLs with a host and without a user name")
        trusted = url.host in self._reach.allowed_hosts or self._reach.loopback
        if url.scheme == "http" and not trusted:
            raise FetchForbidden("plain http is for hosts that the operator allows")


def _read(response: httpx2.Response, *, max_bytes: int) -> bytes:
    """The body as it came (no decompression: a small answer must not become a large one)."""
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > max_bytes:
            raise FetchFailed(f"the answer is larger than {max_bytes} bytes")
    return bytes(content)


@contextmanager
def _as_fetch_failed() -> Iterator[None]:
    import httpcore2
    import httpx2

    try:
        yield
    except (
        httpx2.HTTPError,
        httpcore2.NetworkError,
        httpcore2.TimeoutException,
        httpcore2.ProtocolError,
        httpcore2.UnsupportedProtocol,
        OSError,
    ) as error:
        raise FetchFailed(f"{type(error).__name__}: {error}") from error
