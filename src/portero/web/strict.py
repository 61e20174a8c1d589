"""What a request head must be before anything reads it. Pure: bytes in, a `Head` or a refusal out.

The server's parser is strict already; these rules hold whichever server carries the front, because
each one that two parsers read differently (a proxy's and ours) lets a request be smuggled, routed
to another host, or carry a forged proxy header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import ClassVar, Final
from urllib.parse import unquote_to_bytes, urlsplit

from portero.kit.refusals import Refusal
from portero.kit.values import quick_value

RawHeaders = Sequence[tuple[bytes, bytes]]

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_HEADERS: Final = 100
# A load balancer asks by address, not by name. Nothing on these paths is built from Host.
PROBE_PATHS: Final = frozenset({"/healthz", "/readyz"})

# A second line of these changes what the first one said (RFC 9110 §5.3; RFC 9112 §3.2, §6.3).
_ONE_LINE_ONLY: Final = frozenset(
    {b"host", b"content-length", b"content-type", b"transfer-encoding", b"authorization"}
)
_VALUE = itemgetter(1)
_HOST: Final = re.compile(rb"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
_TARGET_FORBIDDEN: Final = re.compile(rb"[\x00-\x20\x7f-\xff\\#]")
_CONTROL_IN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CONTROL_IN_PATH: Final = re.compile(r"[\x00-\x1f\x7f]")
# Some parsers decode these before they look for slashes, and some after.
_ESCAPED_SLASH: Final = re.compile(rb"%(?:2[Ff]|5[Cc])")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NO_PATHS: Final[Mapping[bytes, str]] = {}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Unacceptable(Refusal):
    """The request is not one that this server reads. `status` is what HTTP calls it."""

    code = "bad_request"
    public = "The request is malformed."
    status: ClassVar[int] = 400


class BadTarget(Unacceptable):
    code = "bad_target"
    public = "The request target is not a plain path."


class BadHeader(Unacceptable):
    code = "bad_header"
    public = "A header is malformed, ambiguous or sent twice."


class BadFraming(Unacceptable):
    code = "bad_framing"
    public = "The length of the body is not clear."


class UnknownHost(Unacceptable):
    code = "unknown_host"
    public = "This server does not answer for that host."


class HeadTooLarge(Unacceptable):
    code = "head_too_large"
    public = "The request has too many or too long headers."
    status = 431


class BodyTooLarge(Unacceptable):
    """`unread`: the client may still be sending the rest."""

    code = "body_too_large"
    public = "The request body is larger than this address accepts."
    status = 413
    unread = True


class BodyTooSlow(Unacceptable):
    code = "body_too_slow"
    public = "The request body took too long to arrive."
    status = 408


@quick_value
class Head:
    """A checked head. `path` is percent-decoded UTF-8; `content_length` is None when not sent."""

    path: str
    content_length: int | None
    chunked: bool

    @property
    def has_body(self) -> bool:
        return bool(self.content_length) or self.chunked


def checked_head(
    *,
    raw_path: bytes,
    query: bytes,
    headers: RawHeaders,
    allowed_hosts: frozenset[bytes],
    known_paths: Mapping[bytes, str] = _NO_PATHS,
) -> Head:
    """The head, checked. `headers` have lower-case names; `allowed_hosts` come from `hosts_of`.
    `known_paths`, from `paths_of`, are not looked at again.

    Raises a subclass of `Unacceptable`.
    """
    path = known_paths.get(raw_path) or _checked_path(raw_path)
    if query and _TARGET_FORBIDDEN.search(query):
        raise BadTarget("a character that no URI holds")
    lines = _checked_lines(raw_path, query, headers)
    _check_host(lines.get(b"host"), allowed_hosts, is_probe=path in PROBE_PATHS)
    length, coding = lines.get(b"content-length"), lines.get(b"transfer-encoding")
    if coding is not None and (length is not None or coding.lower() != b"chunked"):
        # CL.TE and TE.CL smuggling: one side believes the length, the other the chunks.
        raise BadFraming("Transfer-Encoding with Content-Length, or not plainly chunked")
    if length is not None and not (length.isdigit() and len(length) <= 15):
        raise BadFraming("Content-Length is not a number")
    return Head(path, None if length is None else int(length), coding is not None)


def hosts_of(urls: Iterable[str]) -> frozenset[bytes]:
    """The Host values that name these http(s) URLs or bare `host[:port]`s, in lower case.

    A URL's default port may be left out or spelled out (RFC 9110 §4.2.1); a bare name is exact.
    """
    hosts: set[str] = set()
    for url in urls:
        if "://" not in url:
            hosts.add(url.lower())
            continue
        parts = urlsplit(url)
        name = (parts.hostname or "").lower()
        name = f"[{name}]" if ":" in name else name
        default = _DEFAULT_PORTS.get(parts.scheme)
        port = parts.port or default
        hosts.add(f"{name}:{port}")
        if port == default:
            hosts.add(name)
    return frozenset(host.encode("ascii") for host in hosts)


def paths_of(paths: Iterable[str]) -> dict[bytes, str]:
    """Paths of our own, by how they are asked for; raises `BadTarget` for one that can't be."""
    return {path.encode("ascii"): _checked_path(path.encode("ascii")) for path in paths}


def _checked_path(raw_path: bytes) -> str:
    # Only origin-form (RFC 9112 §3.2.1). An absolute-form names a second host beside Host, and
    # "//host" becomes one as soon as somebody builds a redirect from it.
    if not raw_path.startswith(b"/") or raw_path.startswith(b"//"):
        raise BadTarget("not an origin-form target")
    if _TARGET_FORBIDDEN.search(raw_path):
        raise BadTarget("a character that no URI holds")
    if b"%" not in raw_path:
        return raw_path.decode("ascii")
    if _BAD_ESCAPE.search(raw_path):
        raise BadTarget("a broken percent-escape")
    if _ESCAPED_SLASH.search(raw_path):
        raise BadTarget("a slash, escaped")
    try:
        path = unquote_to_bytes(raw_path).decode()
    except UnicodeDecodeError as error:
        raise BadTarget("the path is not UTF-8") from error
    if _CONTROL_IN_PATH.search(path):
        raise BadTarget("a control character, escaped")
    return path


def _checked_lines(raw_path: bytes, query: bytes, headers: RawHeaders) -> dict[bytes, bytes]:
    """The fields by name; those of `_ONE_LINE_ONLY` have no other line."""
    if len(headers) > MAX_HEADERS:
        raise HeadTooLarge(f"{len(headers)} headers")
    found = dict(headers)
    names, values = b"".join(found), b"".join(map(_VALUE, headers))
    size = len(names)
    if len(found) < len(headers):
        size = sum(len(name) for name, _ in headers)
        _check_single(headers)
    if b"_" in names:
        # WSGI writes X-Forwarded-For and X_Forwarded_For alike: the second forges the first
        # behind a proxy that only overwrites the hyphenated one.
        raise BadHeader("a header name with an underscore")
    # With the method, the version and the spaces; and in each line a colon, a space and its end.
    size += len(raw_path) + len(query) + 16 + len(values) + 4 * len(headers)
    if size > MAX_HEAD_BYTES:
        raise HeadTooLarge(f"{size} bytes")
    if _CONTROL_IN_VALUE.search(values):
        raise BadHeader("a control character in a header value")
    return found


def _check_single(headers: RawHeaders) -> None:
    once = [name for name, _ in headers if name in _ONE_LINE_ONLY]
    if len(set(once)) < len(once):
        raise BadHeader(f"two lines of one of {', '.join(name.decode() for name in set(once))}")


def _check_host(host: bytes | None, allowed_hosts: frozenset[bytes], *, is_probe: bool) -> None:
    if host is None:
        raise UnknownHost("no Host")
    host = host.lower()
    if host in allowed_hosts:
        return
    # An unknown name is somebody's DNS rebinding, or a poisoned link in a mail that we would send.
    if not is_probe or _HOST.fullmatch(host) is None:
        raise UnknownHost("Host is not in the list")
