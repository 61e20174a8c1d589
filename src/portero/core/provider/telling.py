"""Posting something to a relying party, from the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from portero.core.outbox import PermanentFailure, TransientFailure
from portero.core.provider.ports import Post
from portero.kit.refusals import Busy, Refusal

# One thread calls all clients: one that does not answer holds the next up for no longer than this.
_TIMEOUT_SECONDS: Final = 3.0
_MAX_BODY_BYTES: Final = 16 * 1024
_AGAIN: Final = frozenset({408, 425, 429})  # refused for now


def tell(fetch: Post, url: str, *, headers: Mapping[str, str], body: bytes) -> None:
    """One POST; raises `TransientFailure` when it may work later, else `PermanentFailure`."""
    try:
        reply = fetch.send(
            "POST",
            url,
            headers=headers,
            body=body,
            timeout_seconds=_TIMEOUT_SECONDS,
            max_bytes=_MAX_BODY_BYTES,
        )
    except Busy as refusal:
        raise TransientFailure("the client did not answer") from refusal
    except Refusal as refusal:
        raise PermanentFailure("the client's address is not one to call") from refusal
    if reply.status >= 500 or reply.status in _AGAIN:
        raise TransientFailure(f"the client answered {reply.status}")
    if reply.status >= 300:  # a redirect is not followed: it was not registered
        raise PermanentFailure(f"the client answered {reply.status}")
