"""What a JWT says: each claim missing, of another type, of another value."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from guard.tests.jwt_corpus.good import LEFT_OUT, Good, Raw
from guard.tests.jwt_corpus.table import Case, Group

_TEXTS = ("iss", "sub", "aud", "jti", "client_id")
_NAMES = ("iss", "sub", "client_id")
_LOOKALIKES = str.maketrans("aeopcx", "\u0430\u0435\u043e\u0440\u0441\u0445")
_TIMES = ("exp", "nbf", "iat", "auth_time")
_HOUR = 3600


def _changed(good: Good, *, name: str, value: Any) -> str | None:
    """`value` may be made of the good one."""
    claims = good.claims()
    if name not in claims:
        return None
    return good.token(claims={name: value(claims[name]) if callable(value) else value})


def _missing() -> Iterator[tuple[str, Case]]:
    for name in (*_TEXTS, *_TIMES):
        yield f"{name} left out", partial(_changed, name=name, value=LEFT_OUT)
        yield f"{name} null", partial(_changed, name=name, value=None)
        yield f"{name} empty", partial(_changed, name=name, value="")


def _lists() -> Iterator[tuple[str, Case]]:
    """`in` finds what was looked for in a list, and in a longer text too."""
    ways: dict[str, Any] = {
        "a list with it": lambda it: [it],
        "a list with another": lambda it: ["https://evil.example", it],
        "an object with it": lambda it: {it: it},
        "a list in a list": lambda it: [[it]],
        "an empty list": [],
    }
    for name in ("iss", "sub", "jti", "client_id"):
        for what, value in ways.items():
            yield f"{name}: {what}", partial(_changed, name=name, value=value)


def _types(name: str) -> Iterator[tuple[str, Case]]:
    ways: dict[str, Any] = {"a number": 7, "true": True, "false": False, "an object": {}}
    for what, value in ways.items():
        yield what, partial(_changed, name=name, value=value)
    if name == "jti":
        yield (
            "three hundred letters",
            partial(_changed, name=name, value=lambda it: (it * 300)[:300]),
        )


def _values(name: str) -> Iterator[tuple[str, Case]]:
    """Texts that are nearly the right one, and texts that no name is."""
    ways: dict[str, Any] = {
        "somebody else": "https://evil.example/",
        "with a slash behind": lambda it: f"{it}/",
        "with a dot behind": lambda it: f"{it}.",
        "with a space behind": lambda it: f"{it} ",
        "with a NUL behind": lambda it: f"{it}\x00",
        "with a line end behind": lambda it: f"{it}\n",
        "a letter shorter": lambda it: it[:-1],
        "the beginning of it": lambda it: it[:2],
        "in other letters": lambda it: it.swapcase(),
        "with something behind": lambda it: f"{it}.evil.example",
        "with something before": lambda it: f"https://evil.example/{it}",
        "in letters of another script": lambda it: it.translate(_LOOKALIKES) + "\u200b",
        "half a surrogate pair": "\ud800",
        "a NUL": "\x00",
        "five thousand letters": "x" * 5000,
    }
    for what, value in ways.items():
        yield what, partial(_changed, name=name, value=value)


def _audiences() -> Iterator[tuple[str, Case]]:
    other = "https://evil.example/"
    ways: dict[str, Any] = {
        "a number": 7, "true": True, "an object": {}, "an empty list": [],
        "a list with null": [None], "another": other, "others": [other, "x"],
        "an object with it": lambda it: {it: 1}, "a list in a list": lambda it: [[it]],
        "a list with a number": lambda it: [it, 7],
        "a list with null and it": lambda it: [None, it],
        "a list with it": lambda it: [it], "a list with another": lambda it: [it, other],
        "a list with it twice": lambda it: [it, it],
        "words": lambda it: f"{other} {it}", "with commas": lambda it: f"{it},{other}",
        "with a slash behind": lambda it: f"{it}/", "a letter shorter": lambda it: it[:-1],
        "with something behind": lambda it: f"{it}.evil.example",
        "with a path behind": lambda it: f"{it}/x", "in other letters": lambda it: it.swapcase(),
        "half a surrogate pair": "\ud800", "with a NUL behind": lambda it: f"{it}\x00",
        "a star": "*", "with a space behind": lambda it: f"{it} ",
    }  # fmt: skip
    for what, value in ways.items():
        yield what, partial(_changed, name="aud", value=value)


def _times() -> Iterator[tuple[str, Case]]:
    ways: dict[str, Any] = {
        "a text": lambda at: str(at), "words": "tomorrow", "true": True, "false": False,
        "a list": lambda at: [at], "an object": {}, "NaN": Raw("NaN"),
        "Infinity": Raw("Infinity"), "-Infinity": Raw("-Infinity"), "1e999": Raw("1e999"),
        "-1e999": Raw("-1e999"), "-1": -1, "0": 0, "thirty digits": int("9" * 30),
        "four hundred digits": int("9" * 400), "milliseconds": lambda at: at * 1000,
    }  # fmt: skip
    for name in _TIMES:
        for what, value in ways.items():
            yield f"{name}: {what}", partial(_changed, name=name, value=value)


def _now() -> Iterator[tuple[str, Case]]:
    yield "exp an hour ago", partial(_changed, name="exp", value=lambda at: at - _HOUR)
    yield "exp in ten years", partial(_changed, name="exp", value=lambda at: at + 87_600 * _HOUR)
    yield "nbf in an hour", partial(_changed, name="nbf", value=lambda at: at + _HOUR)
    yield "iat in an hour", partial(_changed, name="iat", value=lambda at: at + _HOUR)
    yield "iat ten years ago", partial(_changed, name="iat", value=lambda at: at - 87_600 * _HOUR)
    yield "nbf ten years ago", partial(_changed, name="nbf", value=lambda at: at - 87_600 * _HOUR)


MISSING: Group = dict(_missing())
LISTS: Group = dict(_lists())
ODD_TEXTS: dict[str, Group] = {name: dict(_types(name)) for name in (*_NAMES, "jti")}
OTHER_TEXTS: dict[str, Group] = {f"another {name}": dict(_values(name)) for name in _NAMES}
AUDIENCES: Group = dict(_audiences())
ODD_TIMES: Group = dict(_times())
OTHER_TIMES: Group = dict(_now())
