"""Opaque tokens: asking the issuer about each (RFC 7662), with an answer kept for seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from portero_guard.checks import CheckedToken, check_claims
from portero_guard.errors import IssuerUnreachable, TokenRefused
from portero_guard.fetch import Credentials, Fetch, FetchFailed
from portero_guard.jws import TOKEN_CAP
from portero_guard.keys import json_answer, metadata_url

# seconds; where the endpoint is changes with a deployment, not with a request
_ENDPOINT_FRESH: Final = 3600.0


class Introspection:
    """This API as a client of one issuer that may ask about tokens. Thread-safe."""

    def __init__(
        self,
        issuer: str,
        *,
        credentials: Credentials,
        fetch: Fetch,
        monotonic: Callable[[], float],
        endpoint: str | None = None,
    ) -> None:
        self._issuer = issuer
        self._credentials = credentials
        self._fetch = fetch
        self._monotonic = monotonic
        self._configured = endpoint
        self._lock = threading.Lock()
        self._found: tuple[str, float] | None = None

    def check(
        self, unverified_token: str, *, expected_audience: str, now: datetime, leeway_seconds: int
    ) -> CheckedToken:
        """What the issuer says of the token, checked for us as a JWT's claims would be. Raises
        `TokenRefused`, or `IssuerUnreachable` when there is no answer."""
        if len(unverified_token) > TOKEN_CAP:
            raise TokenRefused("longer than any token of ours")
        form = {"token": unverified_token, "token_type_hint": "access_token"}
        try:
            body = self._fetch.post(self._endpoint(), form=form, credentials=self._credentials)
            answer = json_answer(body)
        except FetchFailed as error:
            raise IssuerUnreachable(f"no introspection: {error}") from error
        if answer.get("active") is not True:
            raise TokenRefused("introspection: not active")
        claims = {"iss": self._issuer, **answer}  # iss is optional here (RFC 7662 §2.2)
        return check_claims(
            claims,
            expected_issuer=self._issuer,
            expected_audience=expected_audience,
            now=now,
            leeway_seconds=leeway_seconds,
            required=("exp", "sub", "client_id"),
        )

    def _endpoint(self) -> str:
        if self._configured is not None:
            return self._configured
        with self._lock:
            found = self._found
            if found is None or self._monotonic() - found[1] > _ENDPOINT_FRESH:
                url = metadata_url(self._fetch, self._issuer, "introspection_endpoint")
                found = self._found = (url, self._monotonic())
            return found[0]
