"""Bring `src/portero/translations/*.po` up to date with the sources.

    python -m tools.translations

A new sentence is added without a translation, one that is gone is dropped, the rest is kept; what
is written depends on the sources and the old files alone. Prints what is left to translate.

Where sentences stand, in the rooms whose text reaches a reader (not `cli` and `settings`, which
speak English to operators):
- `_("...")`, `ngettext` and `{% trans %}` in templates;
- `public = "..."`, in the body of a refusal or before it is handed on;
- `.text("...")` and `.plural("...", "...", n)` of a translator, in `web`;
- a sentence handed to what has a parameter or a field `public` or `title`, as in
  `FieldFault("email", "required", "Give a mail address.")`;
- a code and its sentence side by side in a tuple: `("required", "This field is needed.")`;
- the values of a constant whose name holds SENTENCE.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final, TypeAlias

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import normalize, read_po
from jinja2.ext import babel_extract

ROOT: Final = Path(__file__).parents[1]
SOURCES: Final = ("src/portero", "guard/src/portero_guard")
FOLDER: Final = ROOT / "src" / "portero" / "translations"
_ENGLISH_ONLY: Final = ("src/portero/cli/", "src/portero/settings/", "src/portero/migrations/")
_SPOKEN_IN: Final = "src/portero/web/"

MessageId: TypeAlias = str | tuple[str, str]
"""A sentence, or the singular and the plural of one."""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]*")
_SENTENCE: Final = re.compile(r"\S.* .*[.!?]", re.DOTALL)
_PLACEHOLDER: Final = re.compile(r"%(?:\((\w+)\)[sd]|%|(?=(.|$)))", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Extracted:
    """`unextractable` names the places where a sentence is put together at run time (an f-string):
    nobody could look it up. It should be one text with `%(name)s` in it, and values beside."""

    messages: frozenset[MessageId]
    unextractable: tuple[str, ...]


def extract(root: Path = ROOT) -> Extracted:
    """What is in the sources below `root`, a checkout."""
    found: set[MessageId] = set()
    lost: list[str] = []
    trees: dict[str, ast.Module] = {}
    for path in sorted(each for source in SOURCES for each in (root / source).rglob("*.*")):
        place = path.relative_to(root).as_posix()
        if place.startswith(_ENGLISH_ONLY):
            continue
        if path.suffix == ".py":
            trees[place] = ast.parse(path.read_text(encoding="utf-8"))
        elif "/templates/" in place:
            found.update(_of_template(path))
    speakers = frozenset(name for tree in trees.values() for name in _speakers(tree))
    for place, tree in trees.items():
        spoken = place.startswith(_SPOKEN_IN)
        for node in _sentences(tree, speakers, spoken=spoken):
            if isinstance(node, ast.JoinedStr):
                lost.append(f"{place}:{node.lineno}")
            else:
                found.update(_constants(node))
        if spoken:
            found.update(_plurals(tree))
    return Extracted(frozenset(found), tuple(lost))


def _speakers(tree: ast.AST) -> Iterator[str]:
    """Functions and classes that take a sentence for a reader."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name, args=arguments):
                if _has_public(arguments):
                    yield name
            case ast.ClassDef(name=name, body=body):
                for part in body:
                    match part:
                        case ast.FunctionDef(name="__init__", args=arguments):
                            if _has_public(arguments):
                                yield name
                        case ast.AnnAssign(target=ast.Name(id="public"), value=None):
                            yield name


def _has_public(arguments: ast.arguments) -> bool:
    return any(argument.arg in {"public", "title"} for argument in arguments.args)


def _sentences(tree: ast.AST, speakers: frozenset[str], *, spoken: bool) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                if name == "public":
                    yield from _branches(value)
                elif "SENTENCE" in name:
                    yield from _whole_sentences(ast.walk(value))
            case ast.Call(func=function, args=arguments, keywords=keywords):
                name = getattr(function, "attr", getattr(function, "id", ""))
                if name in speakers:
                    yield from _whole_sentences(arguments)
                if name == "text" and spoken:
                    yield from (e for argument in arguments[:1] for e in _branches(argument))
                yield from (e for k in keywords if k.arg == "public" for e in _branches(k.value))
            case ast.Tuple(elts=[ast.Constant(value=str(code)), sentence]):
                if _CODE.fullmatch(code):
                    yield from _whole_sentences([sentence])


def _whole_sentences(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """Of these, the texts that read as a sentence; an f-string is judged by how it ends."""
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)) if _SENTENCE.fullmatch(text):
                yield node
            case ast.JoinedStr(values=[*_, ast.Constant(value=str(end))]) if end.endswith("."):
                yield node


def _branches(value: ast.expr) -> Iterator[ast.expr]:
    match value:
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_branches(body), *_branches(orelse))
        case ast.Constant(value=str()) | ast.JoinedStr():
            yield value


def _constants(node: ast.expr) -> tuple[str, ...]:
    return (node.value,) if isinstance(node, ast.Constant) and isinstance(node.value, str) else ()


def _plurals(tree: ast.AST) -> Iterator[MessageId]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(attr="plural"),
                args=[ast.Constant(value=str(one)), ast.Constant(value=str(many)), *_],
            ):
                yield one, many


def _of_template(path: Path) -> Iterator[MessageId]:
    functions = ("_", "gettext", "ngettext")
    with path.open("rb") as file:
        # Not silent: a template that can't be read must not lose its sentences.
        for _line, _name, found, _notes in babel_extract(file, functions, (), {"silent": "false"}):
            texts = [text for text in ([found] if isinstance(found, str) else found or ()) if text]
            if texts:
                yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def catalog_of(language: str, text: str) -> Catalog:
    """What the text of a `.po` file holds."""
    return read_po(BytesIO(text.encode()), locale=language)


def faults_of(wanted: frozenset[MessageId], catalog: Catalog) -> list[str]:
    """What a reader of this language would stumble over, as sentences; empty when all is well."""
    held = {_id_of(message): message for message in catalog if message.id}
    faults = [f"is gone from the sources: {mid!r}" for mid in held.keys() - wanted]
    for mid in wanted:
        message = held.get(mid)
        forms = _forms(message) if message is not None else ()
        if not all(forms) or len(forms) != (1 if isinstance(mid, str) else catalog.num_plurals):
            faults.append(f"is not translated: {mid!r}")
        elif message is not None and message.fuzzy:
            faults.append(f"is fuzzy: {mid!r}")
        elif any(placeholders(form) != placeholders(_source(mid)) for form in forms):
            faults.append(f"has other placeholders: {mid!r}")
    return sorted(faults)


def placeholders(text: str) -> set[str]:
    """The names in `%(name)s`; a per cent sign that is none of them counts as itself."""
    return {found[1] or "%" for found in _PLACEHOLDER.finditer(text) if found[0] != "%%"}


def updated(language: str, text: str, wanted: frozenset[MessageId]) -> str:
    """The file's new text: sorted by sentence, without a date, the translations kept."""
    catalog = catalog_of(language, text)
    held = {_id_of(message): message for message in catalog if message.id}
    lines = [text.partition("\n\n")[0].rstrip("\n")]  # its head: language and plural forms
    for mid in sorted(wanted, key=_source):
        forms = _forms(held[mid]) if mid in held else ()
        lines += ["", *(["#, fuzzy"] if mid in held and held[mid].fuzzy else [])]
        lines.append(f"msgid {normalize(_source(mid))}")
        if isinstance(mid, str):
            lines.append(f"msgstr {normalize(forms[0] if forms else '')}")
            continue
        lines.append(f"msgid_plural {normalize(mid[1])}")
        for index in range(catalog.num_plurals):
            form = forms[index] if index < len(forms) else ""
            lines.append(f"msgstr[{index}] {normalize(form)}")
    return "\n".join(lines) + "\n"


def _id_of(message: Message) -> MessageId:
    return message.id if isinstance(message.id, str) else (message.id[0], message.id[1])


def _source(mid: MessageId) -> str:
    return mid if isinstance(mid, str) else mid[0]


def _forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def main() -> None:
    extracted = extract()
    left = [f"{place}: an f-string can't be translated" for place in extracted.unextractable]
    for path in sorted(FOLDER.glob("*.po")):
        new = updated(path.stem, path.read_text(encoding="utf-8"), extracted.messages)
        path.write_text(new, encoding="utf-8")
        faults = faults_of(extracted.messages, catalog_of(path.stem, new))
        left += [f"{path.name}: {fault}" for fault in faults]
    sys.stdout.write("".join(f"{line}\n" for line in left))


if __name__ == "__main__":
    main()
