"""Sending by a provider's HTTP API, and telling what will never work from what may."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from portero.core.outbox import PermanentFailure, TransientFailure
from portero.kit.ports import Clock
from portero.outside.http_fetch import FetchFailed, FetchForbidden, HttpFetch
from portero.outside.sms.requests import Shape

_TIMEOUT_SECONDS: Final = 10.0
_MOST_BYTES: Final = 64 * 1024  # of an answer of which only the status counts
# About our own account there, or about haste: an operator can mend it, or it mends itself.
_MAY_WORK_LATER: Final = frozenset({401, 402, 403, 408, 425, 429})
# AWS says so with the status 400.
_THROTTLED: Final = b"<Code>Throttl"


class HttpTexts:
    def __init__(self, fetch: HttpFetch, shape: Shape, clock: Clock) -> None:
        self._fetch = fetch
        self._shape = shape
        self._clock = clock

    def send(self, to: str, text: str, *, job_id: str, queued_at: datetime) -> None:
        """Raises `PermanentFailure`, `TransientFailure`; neither quotes number, text or answer."""
        outgoing = self._shape(to, text, self._clock.now())
        try:
            answer = self._fetch.send(
                "POST",
                outgoing.url,
                headers=outgoing.headers,
                body=outgoing.body,
                timeout_seconds=_TIMEOUT_SECONDS,
                max_bytes=_MOST_BYTES,
            )
        except FetchForbidden as error:
            raise PermanentFailure("the provider's URL is one that we do not call") from error
        except FetchFailed as error:
            raise TransientFailure("the provider did not answer") from error
        if 200 <= answer.status < 300:
            return
        reason = f"the provider answered {answer.status}"
        later = answer.status in _MAY_WORK_LATER or answer.status >= 500
        if later or _THROTTLED in answer.body:
            raise TransientFailure(reason)
        raise PermanentFailure(reason)
