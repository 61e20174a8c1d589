"""A strict reading of absolute URIs (RFC 3986), narrower than any browser's.

Browsers repair what they are given: they drop tabs, turn `\\` into `/`, read `https:/evil` as a
host and `0x7f.1` as 127.0.0.1. Whatever two readers could read differently is refused here.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from portero.protocol.oauth.faults import Unacceptable

# characters; what browsers and proxies carry without loss. Checked first: no later step sees more.
MAX_URI_LENGTH: Final = 2048

# Loopback by name, as OpenID Connect Registration §2 lists them; no other spelling counts.
LOOPBACK_IP_HOSTS: Final = frozenset({"127.0.0.1", "[::1]"})
LOOPBACK_HOSTS: Final = LOOPBACK_IP_HOSTS | {"localhost"}

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}

# RFC 3986 §2: so neither a control character, a space, a backslash nor anything but ASCII.
_CHARACTERS: Final = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
_ENCODED_CONTROL: Final = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")
_PARTS: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):(?://(?P<authority>[^/?#]*))?"
    r"(?P<path>[^?#\[\]]*)(?:\?(?P<query>[^#\[\]]*))?(?:#(?P<fragment>[^#\[\]]*))?"
)
_AUTHORITY: Final = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+)(?::(?P<port>[1-9][0-9]{0,4}))?"
)
_LABEL: Final = re.compile(r"[a-z0-9_\-]{1,63}")
# WHATWG URL "ends in a number": a browser reads such a host as an IPv4 address, in any notation.
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Uri:
    """`scheme` and `host` are lower case, an IPv6 host keeps its brackets, and `host` is empty
    where the URI names none. `fragment` is None where there is no `#`."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    fragment: str | None

    @property
    def origin(self) -> tuple[str, str, int | None]:
        return self.scheme, self.host, self.port or _DEFAULT_PORTS.get(self.scheme)

    @property
    def is_loopback_http(self) -> bool:
        return self.scheme == "http" and self.host in LOOPBACK_HOSTS


def parse_uri(text: str) -> Uri:
    """The parts of an absolute URI; raises `Unacceptable`."""
    if len(text) > MAX_URI_LENGTH:
        raise Unacceptable("uri_too_long", "The URI is too long.")
    if not _CHARACTERS.fullmatch(text) or _ENCODED_CONTROL.search(text):
        raise Unacceptable("uri_malformed", "The URI has characters that no URI may have.")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise Unacceptable("uri_not_absolute", "The URI must be absolute.")
    scheme, path = parts["scheme"].lower(), parts["path"]
    host, port = _host_and_port(parts["authority"] or "")
    if scheme in _DEFAULT_PORTS and not host:
        raise Unacceptable("uri_host", "The URI must name a host after two slashes.")
    # `%2e` is a dot to every browser (WHATWG URL, "double-dot URL path segment").
    if {".", ".."} & set(path.lower().replace("%2e", ".").split("/")):
        raise Unacceptable("uri_dot_segment", "The path must not contain . or .. segments.")
    return Uri(scheme, host, port, path, parts["query"] or "", parts["fragment"])


def with_query(uri: str, values: Mapping[str, str]) -> str:
    """A registered address with its query, which is kept (RFC 6749 §3.1.2), and these values."""
    joint = "" if uri.endswith(("?", "&")) else "&" if "?" in uri else "?"
    return f"{uri}{joint}{urlencode(values)}"


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if not authority:
        return "", None
    if "@" in authority:
        # `https://rp.example@evil.example/`: the eye reads one host, the browser another.
        raise Unacceptable("uri_userinfo", "The URI must not carry a user name or password.")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise Unacceptable("uri_host", "The host or port of the URI is malformed.")
    port = int(found["port"]) if found["port"] else None
    if port is not None and port > 65535:
        raise Unacceptable("uri_host", "The host or port of the URI is malformed.")
    host = found["host"].lower()
    if not _is_plain_host(host):
        raise Unacceptable("uri_host", "The host or port of the URI is malformed.")
    return host, port


def _is_plain_host(host: str) -> bool:
    """A name, or an IP address in its one usual notation."""
    try:
        if host.startswith("["):
            return bool(ipaddress.IPv6Address(host[1:-1]))
        labels = host.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False
    return len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
