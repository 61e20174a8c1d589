"""Notes each template that a server takes for a page, in the file that PAGES_NOTED names. Python
runs this at the start of whoever has its folder on PYTHONPATH."""

from __future__ import annotations

import os
from typing import Any

import jinja2

_taken = jinja2.Environment.get_template


def _noting(self: jinja2.Environment, name: Any, *more: Any, **named: Any) -> jinja2.Template:
    with open(os.environ["PAGES_NOTED"], "a", encoding="utf-8") as notes:
        notes.write(f"{name}\n")
    return _taken(self, name, *more, **named)


jinja2.Environment.get_template = _noting  # type: ignore[method-assign]
