"""Write docs/reference from the code: settings, commands, events and the JSON API.

    python -m tools.reference

What is written depends on the code alone: no date, no machine, no environment. A test compares
the files with what this would write.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

import click

import portero.core
from portero.cli.program import program
from portero.core.audit import Event
from portero.settings import DECLARED
from portero.settings.declared import CONFIG_KEY, CONFIG_MEANING
from portero.web.api.documents import ROUTES
from portero.web.api.openapi import openapi

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
_MADE: Final = "<!-- Made by `python -m tools.reference`. Change the code, not this page. -->"
_REF: Final = "#/components/schemas/"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    return {
        "settings.md": "\n".join([_MADE, "", *_settings()]) + "\n",
        "cli.md": "\n".join([_MADE, "", *_cli()]) + "\n",
        "events.md": "\n".join([_MADE, "", *_events()]) + "\n",
        "api.md": "\n".join([_MADE, "", *_api()]) + "\n",
    }


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


# --- settings ------------------------------------------------------------------------------------


def _settings() -> Iterator[str]:
    yield from (
        "# Settings",
        "",
        "Read once, at the start. Stronger sources win: `portero.toml`, then `.env`, then the",
        "environment, then the command line. `KEY_FILE` names a file that holds the value of",
        "`KEY`. In `portero.toml` a key is written in lower case and without `PORTERO_`.",
        "`portero settings` shows what is in force, and where it was said.",
        "",
    )
    yield from _table("Key", "Default", "Meaning")
    yield _row(f"`{CONFIG_KEY}`", "", CONFIG_MEANING)
    for row in DECLARED:
        default = f"`{row.default_text}`" if row.default_text else ""
        secret = " Secret: never printed." if row.secret else ""
        yield _row(f"`{row.key}`", default, row.meaning + secret)


# --- commands ------------------------------------------------------------------------------------


def _cli() -> Iterator[str]:
    yield from (
        "# Command line",
        "",
        "With `--json` a command prints one JSON document (lists: an array) on standard output",
        "and nothing else there. Passwords come from standard input or a prompt, never as an",
        "argument. Exit status: 0 done; 1 refused or failed, with one sentence on standard error",
        "(with `--json` an object `{code, message, errors}`); 2 wrong use; 130 interrupted.",
        "",
    )
    yield from _command(program, click.Context(program, info_name="portero"), depth=2)


def _command(command: click.Command, context: click.Context, *, depth: int) -> Iterator[str]:
    if isinstance(command, click.Group):
        if context.parent is not None:
            yield from (f"{'#' * depth} {context.command_path}", "", _prose(command), "")
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is None:
                raise LookupError(f"{context.command_path} lists {name}, and has it not")
            inner = click.Context(found, parent=context, info_name=name)
            yield from _command(found, inner, depth=depth + (context.parent is not None))
        return
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield from (f"{'#' * depth} {context.command_path}", "", f"`{usage}`", "", _prose(command), "")
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    yield from _table("Option", "Meaning")
    for option in options:
        names = ", ".join(f"`{name}`" for name in option.opts)
        shown = option.default if option.show_default else None
        told = f" Default: `{shown}`." if shown is not None else ""
        yield _row(names, (option.help or "") + told)
    yield ""


def _prose(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "")


# --- events --------------------------------------------------------------------------------------


def _events() -> Iterator[str]:
    yield from (
        "# Audit events",
        "",
        "Each is written in the transaction of what it tells of. Every entry has also when, who",
        "(actor), the account, session and client it is about, the factor, the request id, the",
        "address and the user agent. `portero audit list` reads them.",
        "",
    )
    yield from _table("Kind", "Outcome", "What happened", "Details")
    common = {field.name for field in fields(Event)}
    for event in sorted(_event_kinds(), key=lambda each: each.kind):
        details = [f"`{f.name}`" for f in fields(event) if f.name not in common]
        told = " ".join(inspect.cleandoc(event.__doc__ or "").split())
        yield _row(f"`{event.kind}`", event.outcome.value, told, ", ".join(details))


def _event_kinds() -> set[type[Event]]:
    for room in pkgutil.walk_packages(portero.core.__path__, prefix="portero.core."):
        if room.name.rpartition(".")[2] == "events":
            importlib.import_module(room.name)
    found: set[type[Event]] = set()
    waiting = [Event]
    while waiting:
        for each in waiting.pop().__subclasses__():
            # A slotted dataclass leaves the class that it was made from behind.
            if getattr(importlib.import_module(each.__module__), each.__name__, None) is each:
                found.add(each)
            waiting.append(each)
    return {each for each in found if each.__module__.startswith("portero.")}


# --- JSON API ------------------------------------------------------------------------------------


def _api() -> Iterator[str]:
    document = openapi(ROUTES, issuer="https://login.example", product_name="Portero", version="")
    yield from (
        "# JSON API",
        "",
        "Every running server has the same as OpenAPI 3.1 at `/api/openapi.json`, and as a page at",
        "`/api/docs`. Refusals are problem documents (RFC 9457); their `code` is stable.",
        "",
    )
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield from _operation(f"{method.upper()} {path}", operation)
    yield from ("## Bodies and answers", "")
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _schema(name, schema)


def _operation(title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {title}", "", operation["summary"], "")
    if "security" in operation:
        yield from ("Needs an access token.", "")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield from (f"Takes {_type(schema)}.", "")
    yield from _table("Status", "Answer", "")
    for status, response in operation["responses"].items():
        kinds = [_type(content["schema"]) for content in response.get("content", {}).values()]
        yield _row(status, response["description"], ", ".join(kinds))
    yield ""


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"### {name}", "")
    if schema.get("description"):
        yield from (" ".join(schema["description"].split()), "")
    yield from _table("Member", "Type", "Meaning")
    for member, about in schema.get("properties", {}).items():
        needed = "" if member in schema.get("required", ()) else " (optional)"
        yield _row(f"`{member}`", _type(about) + needed, about.get("description", ""))
    yield ""


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"array of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _table(*heads: str) -> tuple[str, str]:
    return _row(*heads), _row(*("---" for _ in heads))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    main()
