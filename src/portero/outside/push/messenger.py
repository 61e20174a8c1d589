"""Posting a message (RFC 8030), and telling what will never work from what may."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from portero.core.factors.push import PushMessage, PushServices, SubscriptionGone
from portero.core.outbox import PermanentFailure, TransientFailure
from portero.outside.http_fetch import Fetched, FetchFailed, FetchForbidden, HttpFetch
from portero.outside.push.writing import MessageWriter
from portero.protocol import web_push

# One thread sends to all services: one that hangs holds the next message up for no longer.
_TIMEOUT_SECONDS: Final = 5.0
_MOST_BYTES: Final = 16 * 1024  # of an answer of which only the status counts
_GONE: Final = frozenset({404, 410})  # RFC 8030 §7.3
_AGAIN: Final = frozenset({408, 425, 429})
# The question lives for two minutes, so what failed is tried again in seconds.
_FIRST_PAUSE: Final = timedelta(seconds=4)
_LONGEST_PAUSE: Final = timedelta(seconds=30)
# RFC 8030 §5.4: of what waits for a device that is off, a newer message takes the place.
_TOPIC: Final = "portero"


class PushMessenger:
    """`contact` is where a push service reaches the operator (RFC 8292 §2.1)."""

    def __init__(
        self,
        *,
        fetch: HttpFetch,
        writer: MessageWriter,
        services: PushServices,
        contact: str,
    ) -> None:
        self._fetch = fetch
        self._writer = writer
        self._services = services
        self._contact = contact

    def send(self, message: PushMessage, *, key: ec.EllipticCurvePrivateKey, now: datetime) -> None:
        """Raises `SubscriptionGone`, `PermanentFailure`, `TransientFailure`; none of them
        quotes the endpoint or the answer."""
        endpoint = message.subscription.endpoint
        if not self._services.serves(endpoint):
            raise PermanentFailure("at a push service that is not called any more")
        body = web_push.encrypted(
            self._writer.write(message),
            to=message.subscription.receiver,
            ephemeral=ec.generate_private_key(ec.SECP256R1()),
            salt=os.urandom(web_push.SALT_OCTETS),
        )
        headers = {
            "authorization": web_push.authorization(
                endpoint, key=key, contact=self._contact, now=now
            ),
            "content-encoding": web_push.CONTENT_ENCODING,
            "content-type": "application/octet-stream",
            "ttl": str(message.ttl_seconds),
            "urgency": "high",
            "topic": _TOPIC,
        }
        self._judge(self._post(endpoint, headers, body))

    def _post(self, endpoint: str, headers: dict[str, str], body: bytes) -> Fetched:
        try:
            return self._fetch.send(
                "POST",
                endpoint,
                headers=headers,
                body=body,
                timeout_seconds=_TIMEOUT_SECONDS,
                max_bytes=_MOST_BYTES,
            )
        except FetchForbidden as error:
            raise PermanentFailure("the endpoint is one that we do not call") from error
        except FetchFailed as error:
            raise TransientFailure(
                "the push service did not answer", again_in=_FIRST_PAUSE
            ) from error

    def _judge(self, answer: Fetched) -> None:
        if 200 <= answer.status < 300:
            return
        if answer.status in _GONE:
            raise SubscriptionGone
        reason = f"the push service answered {answer.status}"
        if answer.status in _AGAIN or answer.status >= 500:
            raise TransientFailure(reason, again_in=_pause(answer.headers.get("retry-after", "")))
        raise PermanentFailure(reason)


def _pause(retry_after: str) -> timedelta:
    """What the service asks for (RFC 9110 §10.2.3, in seconds), within reason."""
    asked = int(retry_after) if retry_after.isascii() and retry_after.isdecimal() else 0
    return max(_FIRST_PAUSE, min(timedelta(seconds=min(asked, 3600)), _LONGEST_PAUSE))
