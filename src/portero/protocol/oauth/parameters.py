"""The parameters of a request: form or query, read strictly (RFC 6749 §3.1, §3.2).

A parameter that is sent twice is an error, except where a specification lets it repeat; one with
an empty value counts as not sent; unknown ones are ignored by whoever reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from portero.protocol.oauth.errors import InvalidRequest

# More than any specification has; a limit on what one request may make us build.
MAX_PARAMETERS: Final = 100
FORM_TYPE: Final = "application/x-www-form-urlencoded"
# RFC 8707 §2; RFC 8693 §2.1.
_MAY_REPEAT: Final = frozenset({"resource", "audience"})
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Parameters:
    """What was sent, by name. A value is never empty."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, tuple[str, ...]]) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        """The value; None when not sent. Raises `InvalidRequest` when sent twice."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise InvalidRequest(f"{name} was sent more than once.")
        return values[0]

    def require(self, name: str) -> str:
        """The value; raises `InvalidRequest` when not sent, or sent twice."""
        value = self.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing.")
        return value

    def each(self, name: str) -> tuple[str, ...]:
        """Every value of a parameter that may repeat."""
        return self._values.get(name, ())

    def as_mapping(self) -> Mapping[str, tuple[str, ...]]:
        """All of them, for a room that keeps a request until a person comes back to it."""
        return self._values

    def __contains__(self, name: object) -> bool:
        return name in self._values


def read_parameters(encoded: str) -> Parameters:
    """From a query string or a form body; raises `InvalidRequest`.

    Names and values are UTF-8 after decoding; a broken escape is refused and not guessed at, so
    that two parsers can't read one request in two ways.
    """
    found: dict[str, tuple[str, ...]] = {}
    pairs = encoded.split("&") if encoded else []
    if len(pairs) > MAX_PARAMETERS:
        raise InvalidRequest("There are too many parameters.")
    is_plain = _is_plain(encoded)
    for pair in pairs:
        name, _, value = pair.partition("=")
        if not (name and value):
            continue
        if not is_plain:
            name, value = _decoded(name), _decoded(value)
        if name not in found:
            found[name] = (value,)
        elif name in _MAY_REPEAT:
            found[name] = (*found[name], value)
        else:
            raise InvalidRequest(_named("A parameter was sent more than once", name))
    return Parameters(found)


def bounded(parameters: Parameters, name: str, longest: int) -> str:
    """The value, '' when not sent; raises `InvalidRequest` when it has more characters."""
    value = parameters.get(name) or ""
    if len(value) > longest:
        raise InvalidRequest(f"{name} is too long.")
    return value


def words(parameters: Parameters, name: str) -> tuple[str, ...]:
    """The parts of a value that are separated by spaces, each once; raises `InvalidRequest`."""
    return tuple(dict.fromkeys(bounded(parameters, name, 1024).split()))


def _is_plain(text: str) -> bool:
    return "%" not in text and "+" not in text and text.isascii()


def _decoded(text: str) -> str:
    if _is_plain(text):
        return text
    if _BROKEN_ESCAPE.search(text):
        raise InvalidRequest("A parameter is not form-encoded.")
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("A parameter is not UTF-8.") from None
    if "\x00" in decoded:
        raise InvalidRequest("A parameter holds a NUL.")
    return decoded


def _named(sentence: str, name: str) -> str:
    """The sentence with the name, where the name is fit to be repeated."""
    return f"{sentence}: {name}." if re.fullmatch(r"[a-z_]{1,64}", name) else f"{sentence}."
