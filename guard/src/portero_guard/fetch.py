"""The guard's only way out: small, bounded requests to the issuer, with the standard library.

https with verified certificates, or http to this machine. No redirects: an issuer that moves must
be configured anew, and a redirect could carry the introspection secret elsewhere.
"""

from __future__ import annotations

import base64
import ipaddress
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Final, Protocol
from urllib.parse import quote_plus, urlencode, urlsplit

from portero_guard.errors import ConfigurationError

# bytes; 8 MB of status list (see `status_list`) that does not compress, in base64 twice
ANSWER_CAP: Final = 16 * 1024 * 1024


class FetchFailed(Exception):
    """No usable answer; the text says why, for the log."""


class NotThere(FetchFailed):
    """The issuer answers, and has nothing at this address (404)."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """This API as a client of the issuer, for introspection."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"Credentials(client_id={self.client_id!r}, client_secret=***)"

    def basic(self) -> str:
        """RFC 6749 §2.3.1: both are form-encoded before they are joined."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Fetch(Protocol):
    def get(self, url: str) -> bytes:
        """The body of a 200; raises `FetchFailed`."""

    def post(self, url: str, *, form: dict[str, str], credentials: Credentials) -> bytes:
        """The body of a 200 to a form; raises `FetchFailed`."""


class UrllibFetch:
    """`timeout_seconds` is for the whole exchange, however slowly it drips."""

    def __init__(self, *, timeout_seconds: float = 5.0) -> None:
        self._timeout = timeout_seconds
        self._direct = urllib.request.build_opener(_NoRedirect(), urllib.request.ProxyHandler({}))
        self._outward = urllib.request.build_opener(_NoRedirect())  # honours HTTPS_PROXY

    def get(self, url: str) -> bytes:
        return self._ask(url, body=None, headers={})

    def post(self, url: str, *, form: dict[str, str], credentials: Credentials) -> bytes:
        headers = {
            "Authorization": credentials.basic(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self._ask(url, body=urlencode(form).encode(), headers=headers)

    def _ask(self, url: str, *, body: bytes | None, headers: dict[str, str]) -> bytes:
        if not is_safe_url(url):
            raise FetchFailed(f"{url!r} is neither https nor http to this machine")
        headers = {
            "Accept": "application/json, application/statuslist+jwt",
            "User-Agent": "portero-guard",
            **headers,
        }
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  # checked above
        opener = self._direct if is_loopback_url(url) else self._outward
        deadline = time.monotonic() + self._timeout
        try:
            with opener.open(request, timeout=self._timeout) as response:
                return _read(response, deadline)
        except urllib.error.HTTPError as error:
            error.close()
            kind = NotThere if error.code == 404 else FetchFailed
            raise kind(f"{url} answered {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:
            raise FetchFailed(f"{url} can't be reached: {error}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """None makes urllib raise the 3xx as an HTTPError."""


def _read(response: Any, deadline: float) -> bytes:
    body = bytearray()
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > ANSWER_CAP:
            raise ValueError(f"the answer has more than {ANSWER_CAP} bytes")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer took too long")
    return bytes(body)


def is_loopback_url(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_safe_url(url: str) -> bool:
    """https, or http that stays on this machine, and no credentials in it."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018  # raises ValueError when it is no number
    except ValueError:
        return False
    if not host or "@" in parts.netloc or any(sign <= " " or sign > "~" for sign in url):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback_url(url))


def check_issuer(issuer: str) -> str:
    """An issuer identifier (RFC 8414 §2): a safe URL without query or fragment."""
    if not is_safe_url(issuer) or "?" in issuer or "#" in issuer:
        raise ConfigurationError(
            f"The issuer {issuer!r} must be an https URL without query or fragment"
            " (http only on this machine)."
        )
    return issuer
