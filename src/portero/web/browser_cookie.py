"""The one cookie of a browser: 256 random bits that name its record, and nothing else.

Read and written as text, so that pages and protocol endpoints share it.
"""

from __future__ import annotations

from typing import Final

from portero.kit.secrets import Secret

_NAME: Final = "portero"
_MAX_LENGTH: Final = 128  # characters; ours have 43


class BrowserCookie:
    def __init__(self, *, secure: bool, max_age_seconds: int) -> None:
        """With https it has the `__Host-` prefix: no other host, subdomain or plain-http page can
        plant one (RFC 6265bis §4.1.3.2). On a loopback http issuer browsers refuse the prefix."""
        self.name = f"__Host-{_NAME}" if secure else _NAME
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
        self._max_age_seconds = max_age_seconds

    def read(self, header: str | None) -> str:
        """The value in a Cookie header; '' for none, or for one that can't be ours."""
        for pair in (header or "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.name:
                # The first one counts. A second can only be one that somebody planted.
                return value if len(value) <= _MAX_LENGTH and value.isascii() else ""
        return ""

    def put(self, value: Secret) -> tuple[str, str]:
        """The header that sets it."""
        return self._set(value.reveal(), self._max_age_seconds)

    def clear(self) -> tuple[str, str]:
        """The header that has the browser forget it."""
        return self._set("", 0)

    def _set(self, value: str, seconds: int) -> tuple[str, str]:
        return "Set-Cookie", f"{self.name}={value}; Max-Age={seconds}; {self._attributes}"
