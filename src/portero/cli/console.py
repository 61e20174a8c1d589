"""What a command prints, and how: one JSON document with `--json`, else text for people.

Standard output holds the answer and nothing else; everything that is said beside it goes to
standard error, so that both can be piped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import click

from portero.kit.secrets import Secret

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class Console:
    """`as_json` is set by `--json`, wherever in the arguments it stands."""

    as_json: bool = False

    def show(self, document: object, *lines: str) -> None:
        """The document with `--json`, else the lines."""
        if self.as_json:
            write(json_text(document))
        else:
            for line in lines:
                write(line)

    def table(self, rows: Sequence[dict[str, Any]], *, columns: Sequence[str], empty: str) -> None:
        """An array of all members with `--json`, else a table of some of them."""
        if self.as_json:
            self.show(list(rows))
        elif not rows:
            note(empty)
        else:
            cells = [[_cell(row.get(column)) for column in columns] for row in rows]
            _print_table(columns, cells)


console = click.make_pass_decorator(Console)


def json_option(command: F) -> F:
    """`--json`, on every command."""

    def remember(context: click.Context, option: click.Parameter, given: bool) -> None:
        if given:
            context.ensure_object(Console).as_json = True

    decorate = click.option(
        "--json", is_flag=True, expose_value=False, is_eager=True, callback=remember,
        help="Print one JSON document.",
    )  # fmt: skip
    return decorate(command)


def json_text(document: object, *, indent: int | None = 2) -> str:
    """In everybody's letters; but what a terminal would obey, or turn a line round, is an escape:
    a User-Agent is anybody's text."""
    text = json.dumps(document, ensure_ascii=False, indent=indent, default=_plain)
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in text
    )


def write(line: str) -> None:
    click.echo(line)


def note(line: str) -> None:
    """Something said beside the answer."""
    click.echo(line, err=True)


def read_secret(*, from_stdin: bool, prompt: str) -> Secret | None:
    """One line of standard input without its line end, or typed twice; None where neither is.

    Never an argument: those are seen by everybody who may list processes, and kept by shells.
    """
    if from_stdin:
        return Secret(sys.stdin.readline().removesuffix("\n").removesuffix("\r"))
    if not sys.stdin.isatty():
        return None
    return Secret(click.prompt(prompt, hide_input=True, confirmation_prompt=True, err=True))


def _print_table(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    if sys.stdout.isatty():
        from rich.console import Console as Terminal
        from rich.table import Table
        from rich.text import Text

        drawn = Table(*columns, box=None, pad_edge=False)
        for row in cells:
            drawn.add_row(*[Text(cell) for cell in row])  # Text: no markup in what people typed
        Terminal().print(drawn)
        return
    for row in (columns, *cells):
        write("\t".join(row))


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(_plain(value)) if isinstance(value, datetime) else str(value)
    # A name can't move the cursor, or make a line that looks like another account's.
    return "".join(char if char.isprintable() else " " for char in text)


def _plain(value: object) -> str:
    """What JSON has no word for. A `Secret` stays ***; who means to tell it reveals it."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
