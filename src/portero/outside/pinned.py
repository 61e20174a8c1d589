"""A transport that connects only to addresses which were checked, and is over at a deadline.

Part of `http_fetch`, which imports it when first used. Everything that waits (resolving,
connecting, the TLS handshake, each read and write) gets what is left until the deadline, so a
server that sends a byte a second can't hold a thread.
"""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import lru_cache
from time import monotonic
from typing import Any, Final

import httpcore2
import httpx2

from portero.outside.addresses import is_loopback, is_public
from portero.outside.reach import FetchFailed, FetchForbidden, Reach

# threads; they only wait. Somebody whose name server never answers (a client document is any URL)
# holds one for as long as the system's resolver tries, 10 to 30 s: with few, such names alone would
# shut everybody else out.
RESOLVERS: Final = 64


class PinnedTransport(httpx2.BaseTransport):
    """httpx2's door to a connection pool of our own, for one request."""

    def __init__(
        self, reach: Reach, context: ssl.SSLContext, deadline: float, *, plain: bool
    ) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=1,
            http1=True,
            http2=False,
            retries=0,
            network_backend=_PinnedBackend(reach, deadline, plain=plain),
        )

    def __enter__(self) -> PinnedTransport:
        return self

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer)
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


class _PinnedBackend(httpcore2.NetworkBackend):
    """Resolves once, checks every address, connects to the first that answers."""

    def __init__(self, reach: Reach, deadline: float, *, plain: bool) -> None:
        self._reach = reach
        self._plain_http = plain
        self._deadline = deadline
        self._system = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = resolve(host, port, seconds=_left(self._deadline))
        self._check(host, addresses)
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = self._system.connect_tcp(
                    address, port, timeout=_left(self._deadline), socket_options=socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise FetchFailed(f"{host} can not be reached: {failure}")

    def _check(self, host: str, addresses: list[str]) -> None:
        if host.lower().rstrip(".") in self._reach.allowed_hosts:
            return
        if self._reach.loopback and all(map(is_loopback, addresses)):
            return
        if self._plain_http:
            raise FetchForbidden(f"plain http to {host}, which is neither allowed nor loopback")
        closed = [address for address in addresses if not is_public(address)]
        # One private address among public ones is a refusal too: such a name is an attack.
        if closed:
            raise FetchForbidden(f"{host} leads to {closed[0]}, which is not public")


class _TimedStream(httpcore2.NetworkStream):
    """A connection whose every wait ends at the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def resolve(host: str, port: int, *, seconds: float) -> list[str]:
    """The addresses of a name, in the system's order. The system's resolver takes no timeout, so
    it runs on a thread of its own, which is left behind when it is late."""
    lookup = _resolvers(os.getpid()).submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = lookup.result(timeout=seconds)
    except FutureTimeout as error:
        lookup.cancel()  # one that has not begun must not keep the next ones waiting
        raise FetchFailed(f"{host} was not resolved in time") from error
    except OSError as error:
        raise FetchFailed(f"{host} can not be resolved") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@lru_cache(maxsize=1)
def _resolvers(pid: int) -> ThreadPoolExecutor:
    """The threads of process `pid`: a forked child inherits the object, but no thread of it."""
    return ThreadPoolExecutor(max_workers=RESOLVERS, thread_name_prefix=f"resolve-{pid}")


def _left(deadline: float) -> float:
    left = deadline - monotonic()
    if left <= 0:
        raise FetchFailed("the time for this request is over")
    return left
