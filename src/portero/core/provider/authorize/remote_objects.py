"""Request objects that a client keeps at an address of its own (OpenID Connect Core §6.2).

For certification alone: pushing (RFC 9126) does the same, and no server of a stranger's is asked
while a person waits. So only an address that the client registered is fetched, with the guards of
every fetch (https, public addresses, no redirect), and few threads in all may wait for one.
"""

from __future__ import annotations

import threading
from typing import Final

from portero.core.clients import Client
from portero.core.clients.ports import DocumentFetch, FetchedDocument
from portero.kit.refusals import Busy, Refusal
from portero.protocol.oauth.errors import InvalidRequestUri
from portero.protocol.oauth.request_object import MAX_OBJECT_LENGTH, is_registered_uri

FETCH_SECONDS: Final = 3.0  # a person waits for it
AT_ONCE: Final = 8  # each holds a thread
# RFC 9101 §10.2 and what was usual before it. A page or an API's answer is none of them.
_MEDIA_TYPES: Final = frozenset(
    {
        "application/oauth-authz-req+jwt",
        "application/jwt",
        "application/jose",
        "text/plain",
    }
)


class RequestObjectsBusy(Busy):
    """Too many request objects are being fetched; nothing was asked."""

    code = "request_objects_busy"


class RemoteObjects:
    def __init__(self, fetch: DocumentFetch) -> None:
        self._fetch = fetch
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def read(self, client: Client, request_uri: str) -> str:
        """The object at that address, not checked yet. Raises `InvalidRequestUri` and
        `RequestObjectsBusy`. It fetches: never call it inside a transaction."""
        if not is_registered_uri(request_uri, client.metadata):
            raise InvalidRequestUri("not an address that the client registered")
        if not self._room.acquire(blocking=False):
            raise RequestObjectsBusy(client.client_id, retry_after_seconds=1)
        try:
            answer = self._fetch.get(
                request_uri.partition("#")[0],
                timeout_seconds=FETCH_SECONDS,
                max_bytes=MAX_OBJECT_LENGTH,
            )
        except Refusal as refusal:
            raise InvalidRequestUri(f"not read: {refusal.detail}") from refusal
        finally:
            self._room.release()
        return _text_of(answer)


def _text_of(answer: FetchedDocument) -> str:
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status != 200 or media_type not in _MEDIA_TYPES:
        raise InvalidRequestUri(f"status {answer.status}, and no request object by its type")
    try:
        return answer.body.decode("ascii").strip()
    except UnicodeDecodeError:
        raise InvalidRequestUri("not ASCII") from None
