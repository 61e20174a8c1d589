"""A route of Flask that costs nothing until somebody asks for its URL by name.

Werkzeug writes and compiles two functions for each rule, which build such a URL: a fifth of what it
takes to join a house. Our pages name their addresses themselves, so that none of them is called.
"""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule


class LazyRule(Rule):
    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = super()._compile_builder
        return lambda rule, **values: compiled(append_unknown)(rule, **values)
