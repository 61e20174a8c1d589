"""The way out of the front: one answer to one request, whole or in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import CancelledError
from typing import Any, Final

from portero.web.exchange import FixedHeaders, Headers, Response, on_wire

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

# How long a client may take to read a piece of an answer before it is dropped: a thread or the
# memory of a long answer waits for it meanwhile (slow read).
SEND_SECONDS: Final = 30.0
# A server takes less than this into its buffer at once, so no deadline needs to be set.
_TAKEN_AT_ONCE_BYTES: Final = 64 * 1024
_NO_LENGTH: Final = frozenset({204, 304})  # RFC 9110 §8.6


class ClientGone(Exception):
    """The connection ended, or stood still, before the request was done."""


class Lines(list[tuple[bytes, bytes]]):
    """The lines of an answer, those that are `fixed` first. A server that knows this class sends
    their block as it is; to any other it is the list that it is."""

    __slots__ = ("fixed", "others")

    def __init__(self, fixed: FixedHeaders, others: list[tuple[bytes, bytes]]) -> None:
        super().__init__((*fixed.wire, *others))
        self.fixed = fixed
        self.others = others


class Outlet:
    """`abandoned` is set when nobody waits for the answer any more. `closing` are the headers of
    every answer, where it does not say otherwise."""

    def __init__(
        self, send: Send, *, request_id: str, with_body: bool, closing: FixedHeaders
    ) -> None:
        self._send = send
        self._closing = closing
        self._with_body = with_body
        self._loop = asyncio.get_running_loop()
        self.request_id = request_id
        self.status = 0  # until the head of the answer is out
        self.abandoned = False

    @property
    def started(self) -> bool:
        return self.status != 0

    async def whole(self, answer: Response) -> None:
        """Send a finished answer, with its Content-Length."""
        size = len(answer.body)
        await self._send(self._head(answer.status, answer.headers, length=size))
        body = answer.body if self._with_body else b""
        if size < _TAKEN_AT_ONCE_BYTES:
            await self._send({"type": "http.response.body", "body": body, "more_body": False})
        else:
            await self._body(body, more=False)

    def push(self, piece: Response | bytes) -> None:
        """From another thread: send a piece and wait until the client takes it.

        The first piece is a `Response`. Raises `ClientGone`.
        """
        if self.abandoned:
            raise ClientGone
        sending = asyncio.run_coroutine_threadsafe(self._piece(piece), self._loop)
        try:
            sending.result(SEND_SECONDS)
        except (TimeoutError, CancelledError) as error:
            sending.cancel()
            raise ClientGone from error

    async def finish(self) -> None:
        """After the last pushed piece."""
        await self._body(b"", more=False)

    async def _piece(self, piece: Response | bytes) -> None:
        if isinstance(piece, Response):
            await self._send(self._head(piece.status, piece.headers, length=None))
            piece = piece.body
        await self._body(piece if self._with_body else b"", more=True)

    def _head(self, status: int, headers: Headers, *, length: int | None) -> Message:
        own = [(b"x-request-id", self.request_id.encode())]
        if length is not None and status not in _NO_LENGTH:
            own.append((b"content-length", b"%d" % length))
        self.status = status
        return {
            "type": "http.response.start",
            "status": status,
            "headers": self._lines(headers, own),
        }

    def _lines(self, headers: Headers, own: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers, and what they don't say themselves (Flask tells the length)."""
        if isinstance(headers, FixedHeaders):
            return Lines(headers.closed_by(self._closing), own)
        lines = [*on_wire(headers)]
        said = dict(lines)
        return lines + [line for line in (*self._closing.wire, *own) if line[0] not in said]

    async def _body(self, body: bytes, *, more: bool) -> None:
        message: Message = {"type": "http.response.body", "body": body, "more_body": more}
        if len(body) < _TAKEN_AT_ONCE_BYTES:
            await self._send(message)
            return
        async with asyncio.timeout(SEND_SECONDS):
            await self._send(message)
