"""No text makes a pattern search for long (ASVS 1.3.12): a trap would stop every thread of a
worker, because Python holds its lock while it searches."""

from __future__ import annotations

import ast
import importlib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants as op  # type: ignore[attr-defined]  # as it reads patterns itself
from re import _parser as reader  # type: ignore[attr-defined]
from typing import Any

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "src/portero", ROOT / "guard/src/portero_guard")
SEARCHES = {"match", "fullmatch", "search", "sub", "split", "findall", "finditer"}
LENGTH = 4000  # characters, a quarter of the longest head that we read
CPU_SECONDS = 0.008  # a trap takes 30 times as long; what is honest, a tenth


def test_no_pattern_is_slow_on_any_text_made_of_its_own_signs() -> None:
    """Each sign, each word and each two of them that a pattern knows, four thousand letters long,
    with an end that does not fit, and behind a beginning that does."""
    found = {
        (place, pattern.pattern)
        for place, pattern, how in set(patterns())
        if slow_on(pattern, how) is not None
    }
    assert found == set()


def test_each_pattern_is_a_constant_that_is_tried() -> None:
    """One that is made where it is used would be compiled anew and never be tried here."""
    compiled = sum(text.count("re.compile(") for _, text in sources())
    named = {(place, name) for place, name, _, _ in constants()}
    assert compiled == len(named)
    assert compiled > 80


def test_a_planted_trap_is_caught() -> None:
    """A repetition in a repetition, neighbours that share signs, and a search without a start."""
    for trap, how, length in (
        (r"(?:a+)+b", "fullmatch", 20),
        (r"[a-z]*[a-y]*[a-x]*=", "match", 300),
        (r"\w+://", "search", LENGTH),
        (r"x(?:a+)+y", "match", 20),
    ):
        assert slow_on(re.compile(trap), how, length=length) is not None, trap


def slow_on(pattern: re.Pattern[Any], how: str, *, length: int = LENGTH) -> str | None:
    """A text on which it takes too long, three times out of three."""
    for text in texts(pattern, length):
        made: Any = text.encode("latin-1") if isinstance(pattern.pattern, bytes) else text
        if all(searched(pattern, how, made) > CPU_SECONDS for _ in range(3)):
            return text
    return None


def searched(pattern: re.Pattern[Any], how: str, text: Any) -> float:
    began = time.thread_time()
    if how == "sub":
        pattern.sub(text[:0], text)
    elif how == "finditer":
        list(pattern.finditer(text))
    else:
        getattr(pattern, how)(text)
    return time.thread_time() - began


def texts(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    signs, words = set[str](), set[str]()
    read(reader.parse(pattern.pattern, pattern.flags), signs, words)
    single = [*sorted(signs)[:20], *sorted(words)]
    few = single[-9:]
    for unit in (*single, *(a + b for a in few for b in few if a != b)):
        text = unit * (length // len(unit))
        yield text
        yield text + "\0"
    for before in few:
        yield from (before + one * (length // len(one)) + "\0" for one in few)


def read(parts: Any, signs: set[str], words: set[str]) -> None:
    """Of each class a sign, and each word that is spelled out."""
    word = ""
    for kind, value in [*parts, (None, None)]:
        if kind is op.LITERAL:
            signs.add(chr(value))
            word += chr(value)
            continue
        words.update({word} if len(word) > 1 else ())
        word = ""
        if kind is op.IN:
            signs.update(sign for one in value if (sign := one_of(*one)))
        elif kind in {op.NOT_LITERAL, op.ANY}:
            signs.add("a")
        elif kind in {op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT}:
            read(value[2], signs, words)
        elif kind is op.SUBPATTERN:
            read(value[3], signs, words)
        elif kind is op.BRANCH:
            for branch in value[1]:
                read(branch, signs, words)
        elif kind in {op.ASSERT, op.ASSERT_NOT}:
            read(value[1], signs, words)


def one_of(kind: Any, value: Any) -> str:
    if kind is op.NEGATE:
        return "~"
    if kind is op.CATEGORY:
        return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " "}.get(str(value), "a")
    return chr(value[0] if kind is op.RANGE else value)


def patterns() -> Iterator[tuple[str, re.Pattern[Any], str]]:
    """Each, with the method by which its file uses it."""
    for place, _, pattern, how in constants():
        yield place, pattern, how
    for place, text in sources():
        for call in calls(text):
            if isinstance(call.func.value, ast.Name) and call.func.value.id == "re":
                module = importlib.import_module(module_of(place))
                written = eval(ast.unparse(call.args[0]), vars(module))  # our own source
                yield place, re.compile(written), call.func.attr


def constants() -> Iterator[tuple[str, str, re.Pattern[Any], str]]:
    for place, text in sources():
        if "re.compile(" not in text:
            continue
        used = [(ast.unparse(call.func.value), call.func.attr) for call in calls(text)]
        for name, pattern in vars(importlib.import_module(module_of(place))).items():
            if isinstance(pattern, re.Pattern) and f"\n{name}: Final = re.compile(" in text:
                for how in {how for called, how in used if called == name} or {"search"}:
                    yield place, name, pattern, how


def calls(text: str) -> Iterator[Any]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            yield from [node] if node.func.attr in SEARCHES else []


def sources() -> Iterator[tuple[str, str]]:
    for folder in SHIPPED:
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text("utf-8")
            if re.search(r"^import re$", text, re.MULTILINE):
                yield str(path.relative_to(ROOT)), text


def module_of(place: str) -> str:
    return (
        place.removesuffix(".py").removesuffix("/__init__").partition("src/")[2].replace("/", ".")
    )
