"""From the text of one setting to its value. A parser says what it expected, and nothing else.

A parser raises `Unparsable` with the end of the sentence "KEY must be …". It does not repeat the
text that it refused: a password pasted into the wrong line must not end in a log.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from portero.kit.addresses import Network, parsed_network
from portero.kit.secrets import Secret
from portero.protocol.oauth.profiles import Profile

_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?)*)"
_HOST_AND_PORT: Final = re.compile(rf"(?:{_HOST}|\[[0-9a-f:.]+\])(?::[0-9]{{1,5}})?")
_PATH: Final = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*")
_HEADER: Final = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*")
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?")
_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9._~:/?&=%+\-]{1,2048}")  # a name, or a document's URL
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")  # scope-token, RFC 6749 §3.3
_MAILBOX: Final = re.compile(r"(?:[^<>\"@,;]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)")
_DATABASES: Final = ("sqlite:///", "postgresql://", "postgresql+psycopg://")


class Unparsable(ValueError):
    """The text is not a value of this setting; the message ends the sentence "KEY must be …"."""


def text(given: str) -> str:
    """Any text without control characters (it may end in a mail header or a log line)."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in given):
        raise Unparsable("one line of text without control characters")
    return given


def secret(given: str) -> Secret:
    return Secret(given)


def secrets(given: str) -> tuple[Secret, ...]:
    return tuple(Secret(item) for item in items(given))


def items(given: str) -> tuple[str, ...]:
    """Parts between commas, without the spaces around them and without empty ones."""
    return tuple(part.strip() for part in given.split(",") if part.strip())


def words(given: str) -> tuple[str, ...]:
    return items(text(given))


def limits(given: str) -> tuple[str, ...]:
    """Overrides of limits, each `name=tries/seconds`; kept as text, in their own order."""
    for part in items(given):
        if not re.fullmatch(r"[a-z_]{1,40}=[1-9][0-9]{0,8}/[1-9][0-9]{0,7}", part):
            raise Unparsable("a list of name=tries/seconds, such as login_by_account=20/600")
    return items(given)


def prefixes(longest: int) -> Callable[[str], tuple[int, int]]:
    """How many bits of an address are one customer's and how many a network's."""

    def read(given: str) -> tuple[int, int]:
        found = re.fullmatch(r"([1-9][0-9]{0,2})/([1-9][0-9]{0,2})", given)
        own, network = (int(found[1]), int(found[2])) if found else (0, 0)
        if not 1 <= network <= own <= longest:
            raise Unparsable(f"two numbers of bits up to {longest}, the longer first: 64/48")
        return own, network

    return read


def integer(low: int, high: int) -> Callable[[str], int]:
    """A whole number from `low` to `high`, in ASCII digits: `int()` would take 1_0 and ٣ too."""

    def read(given: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", given) or not low <= int(given) <= high:
            hint = (
                "; Kubernetes sets this variable for a service of the same name: "
                "set enableServiceLinks to false"
                if given.startswith("tcp://")
                else ""
            )
            raise Unparsable(f"a whole number from {low} to {high}{hint}")
        return int(given)

    return read


def on_off(given: str) -> bool:
    match given.lower():
        case "on" | "true" | "yes" | "1":
            return True
        case "off" | "false" | "no" | "0":
            return False
    raise Unparsable("on or off")


def profile(given: str) -> Profile:
    try:
        return Profile(given)
    except ValueError:
        raise Unparsable("fapi2, fapi2_message_signing, certification or empty") from None


def key_files(given: str) -> tuple[str, ...]:
    """Each `issuer=path of a JWK set`; kept as text, and read when the rooms are joined."""
    for part in items(given):
        if not re.fullmatch(r"[!-<>-~]{1,255}=[^=]+", text(part)):
            raise Unparsable("a list of issuer=file, such as https://trust.example=trust.json")
    return items(given)


def some_of(*allowed: str) -> Callable[[str], tuple[str, ...]]:
    """A list out of a fixed set, in the order given; `off` is the empty list."""

    def read(given: str) -> tuple[str, ...]:
        found = () if given == "off" else items(given)
        if not set(found) <= set(allowed) or len(set(found)) < len(found):
            raise Unparsable(f"a list, without repetition, of {', '.join(allowed)}")
        return found

    return read


def path(given: str) -> Path:
    """Relative to the working directory; the loader makes it absolute."""
    return Path(text(given)).expanduser()


def paths_optional(given: str) -> Path | None:
    return path(given) if given else None


def scopes(given: str) -> tuple[str, ...]:
    found = tuple(given.replace(",", " ").split())
    if not all(_SCOPE.fullmatch(item) for item in found):
        raise Unparsable("a list of scope names (RFC 6749 §3.3)")
    return found


def client_ids(given: str) -> tuple[str, ...]:
    found = items(given)
    if not all(_CLIENT_ID.fullmatch(item) for item in found):
        raise Unparsable("a list of client ids")
    return found


def locale(given: str) -> str:
    if not _LOCALE.fullmatch(given):
        raise Unparsable("a language tag such as en or pt-BR")
    return given


def mailbox(given: str) -> str:
    if given and not _MAILBOX.fullmatch(text(given)):
        raise Unparsable("a mail address, or a name and an address: Example <no-reply@example.org>")
    return given


def networks(given: str) -> tuple[Network, ...]:
    """CIDR blocks. `/0` is refused: were everybody a proxy, each caller could forge its address."""
    try:
        found = tuple(parsed_network(item) for item in items(given))
    except ValueError as error:
        raise Unparsable("a list of networks such as 10.0.0.0/8 or 192.0.2.7/32") from error
    if any(network.prefixlen == 0 for network in found):
        raise Unparsable("a list of your proxies' own networks, not of every address there is")
    return found


def bind_host(given: str) -> str:
    bare = given.strip("[]").lower()
    try:
        return str(ipaddress.ip_address(bare))
    except ValueError:
        if not re.fullmatch(_HOST, bare):
            raise Unparsable("a host name or an address to listen on") from None
    return bare


def hosts(given: str) -> tuple[str, ...]:
    found = tuple(item.lower() for item in items(given))
    if not all(_HOST_AND_PORT.fullmatch(item) for item in found):
        raise Unparsable("a list of host names, each with its port if it is not the usual one")
    return found


def issuer(given: str) -> str:
    """An issuer identifier (RFC 8414 §2), in the one spelling that others will compare it with."""
    parts = _split(given)
    if parts is None or parts.scheme not in {"http", "https"}:
        raise Unparsable("a URL that begins with https:// (or http:// on this machine)")
    if "@" in parts.netloc:
        raise Unparsable("a URL without a user name or password in it")
    if "?" in given or "#" in given:
        raise Unparsable("a URL without a query or fragment (RFC 8414 §2)")
    if given.endswith("/"):
        raise Unparsable("a URL without a slash at its end: it is compared letter by letter")
    usual = ":443" if parts.scheme == "https" else ":80"
    if not _HOST_AND_PORT.fullmatch(parts.netloc) or parts.netloc.endswith(usual):
        raise Unparsable("a URL with a lower-case ASCII host, and a port only if it is unusual")
    if not given.startswith(f"{parts.scheme}://") or not _PATH.fullmatch(parts.path):
        raise Unparsable("a URL in lower case with a plain path or none")
    return given


def issuer_optional(given: str) -> str:
    return issuer(given) if given else ""


def header_name(given: str) -> str:
    """In lower case. One with an underscore is never let through, so it would never be read."""
    if given and not _HEADER.fullmatch(given):
        raise Unparsable("a header's name, of letters, digits and hyphens")
    return given.lower()


def service_url(given: str) -> str:
    """Where to call out to: https, or http to this machine; empty is off."""
    if not given:
        return ""
    parts = _split(given)
    if parts is None or not parts.hostname or "@" in parts.netloc:
        raise Unparsable("a URL without a user name or password in it")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise Unparsable("an https URL (http only to a loopback address)")
    return given


def resources(given: str) -> tuple[str, ...]:
    return tuple(audience(item) for item in items(given))


def audience(given: str) -> str:
    if not given or any(char.isspace() for char in text(given)):
        raise Unparsable("one word or URL that your API expects as the audience")
    return given


def database_url(given: str) -> Secret:
    """A secret, because it may hold a password. SQLite needs a file: memory is per connection."""
    if given.startswith("postgres://"):
        raise Unparsable("a URL that begins with postgresql:// (not postgres://)")
    if not given.startswith(_DATABASES):
        raise Unparsable("a URL that begins with sqlite:/// or postgresql://")
    if given.startswith("sqlite") and given.removeprefix("sqlite:///") in {"", ":memory:"}:
        raise Unparsable("a URL that names an SQLite file: sqlite:///portero.db")
    return Secret(given)


def redis_url(given: str) -> Secret:
    """A secret, because it may hold a password."""
    if given and not given.startswith(("redis://", "rediss://", "unix://")):
        raise Unparsable("a URL that begins with redis://, rediss:// or unix://")
    return Secret(given)


def is_loopback(host: str) -> bool:
    """Whether a name or address can only mean this machine (RFC 6761 §6.3; RFC 1122 §3.2.1.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _split(given: str) -> SplitResult | None:
    """The parts of a URL; None for what is none. `urlsplit` drops tabs and line ends silently."""
    if any(ord(char) <= 0x20 or ord(char) >= 0x7F or char == "\\" for char in given):
        return None
    try:
        parts = urlsplit(given)
        return parts if parts.hostname and parts.port != 0 else None
    except ValueError:
        return None
