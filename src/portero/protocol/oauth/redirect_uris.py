"""Redirect URIs: which may be registered, and whether a given one is a registered one.

The two are one defence. Only what every reader reads alike is registered, and then the comparison
can be of plain strings (RFC 9700 §2.1), so that no parser decides where a code is sent.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.uris import Uri, parse_uri

# Schemes that run or read something where they are opened. None has a dot, so the rule for
# private-use schemes refuses them too; they are named so that no loosening of it lets them in
# (CVE-2026-67333).
DANGEROUS_SCHEMES: Final = frozenset(
    {"javascript", "data", "vbscript", "file", "blob", "filesystem", "about", "view-source"}
)

# RFC 8252 §7.1: reverse domain order, so at least one dot and no empty part.
_PRIVATE_USE_SCHEME: Final = re.compile(r"[a-z][a-z0-9+\-]*(?:\.[a-z0-9+\-]+)+")
_LOOPBACK_IP: Final = re.compile(
    r"http://(?P<host>127\.0\.0\.1|\[::1\])(?::(?P<port>[1-9][0-9]{0,4}))?(?P<rest>(?:[/?].*)?)"
)


def check_redirect_uri(text: str, *, native: bool) -> Uri:
    """The parsed URI, if it may be registered; raises `Unacceptable`.

    https anywhere, http on loopback (RFC 8252 §7.3, §8.3), and for native applications private-use
    schemes (§7.1). Never a fragment (RFC 6749 §3.1.2) nor a wildcard (RFC 9700 §4.1.3).
    """
    uri = parse_uri(text)
    if uri.fragment is not None:
        raise Unacceptable("uri_fragment", "A redirect URI must not have a fragment.")
    if "*" in text:
        raise Unacceptable("uri_wildcard", "A redirect URI is compared exactly: no wildcards.")
    if uri.scheme == "https" or uri.is_loopback_http:
        return uri
    if uri.scheme == "http":
        raise Unacceptable("uri_insecure", "Off loopback, a redirect URI must be https.")
    if uri.scheme in DANGEROUS_SCHEMES or not _PRIVATE_USE_SCHEME.fullmatch(uri.scheme):
        raise Unacceptable(
            "uri_scheme", "Use https, or a private-use scheme in reverse domain order."
        )
    if not native:
        raise Unacceptable("uri_scheme", "Only native applications may use a private-use scheme.")
    if not uri.host and not uri.path.startswith("/"):
        raise Unacceptable("uri_malformed", "After its scheme the redirect URI needs a slash.")
    return uri


def matches(registered: str, given: str) -> bool:
    """Whether `given` is the registered URI: the same string, but for the port of a loopback IP.

    A native application learns its port only when it listens (RFC 8252 §7.3). Host, path and query
    still have to be the same, and `localhost` has no such freedom (§8.3): another process may own
    that name (CVE-2024-8883, CVE-2020-15233).
    """
    if given == registered:
        return True
    known, shown = _LOOPBACK_IP.fullmatch(registered), _LOOPBACK_IP.fullmatch(given)
    return (
        known is not None
        and shown is not None
        and shown["host"] == known["host"]
        and shown["rest"] == known["rest"]
        and int(shown["port"] or 80) <= 65535
    )


def host_of(redirect_uri: str) -> str:
    """The host of a registered https or http redirect URI, else ''. For sectors (OpenID Connect
    Core §8.1)."""
    uri = parse_uri(redirect_uri)
    return uri.host if uri.scheme in {"https", "http"} else ""


def told_to_people(redirect_uri: str) -> str:
    """Where a registered redirect URI leads, as it is told on a page: host and port; of a
    private-use scheme the scheme alone, because any text may stand where its host would."""
    uri = parse_uri(redirect_uri)
    if uri.scheme not in {"https", "http"}:
        return uri.scheme
    return uri.host if uri.port is None else f"{uri.host}:{uri.port}"


@lru_cache(maxsize=1024)  # registered ones, looked at in each authorization request
def is_claimed(redirect_uri: str) -> bool:
    """Whether only its owner can receive what is sent there: https, and not on loopback. Any
    program on the device can take a loopback port or a private-use scheme (RFC 8252 §8.6)."""
    uri = parse_uri(redirect_uri)
    return uri.scheme == "https" and not _is_loopback(uri.host)


def _is_loopback(host: str) -> bool:
    # RFC 6761 §6.3: every name under `localhost.` is loopback.
    return host == "[::1]" or host.startswith("127.") or f".{host}".endswith(".localhost")
