"""The page of one's data, and the file with all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response
from pydantic_core import to_json

from portero.core.admin.personal_data import Part
from portero.web.account.console import Console, Visit


def mount(console: Console) -> None:
    console.page("/data", _show, here="/data")
    # A browser that was left open must not hand out a life.
    console.action("/data/download", _download, again=_show, page="/data", here="/data", fresh=True)


def _show(visit: Visit) -> Response:
    return visit.html("account/data.html")


def _download(visit: Visit) -> Response:
    parts = visit.rooms.personal_data.download(visit.actor, visit.account.id)
    answer = Response(_told(parts), content_type="application/json")
    name = f"{visit.rooms.clock.now():%Y-%m-%d}-account.json"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _told(parts: Iterator[Part]) -> Iterator[bytes]:
    """One JSON object, a line for each thing."""
    yield b"{"
    for number, (name, rows) in enumerate(parts):
        yield (b",\n" if number else b"\n") + to_json(name) + b": ["
        yield from _rows(rows)
        yield b"]"
    yield b"\n}\n"


def _rows(rows: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    for number, row in enumerate(rows):
        yield (b",\n  " if number else b"\n  ") + to_json(row)
