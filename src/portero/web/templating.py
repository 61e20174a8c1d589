"""Jinja for pages, whoever renders them: our templates, and before them those of a theme.

With a theme every template runs in Jinja's sandbox, and sees nothing but what its page is given.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from pathlib import Path
from types import CodeType
from typing import Any, Final

import jinja2
from jinja2.bccache import Bucket
from jinja2.sandbox import SandboxedEnvironment

from portero.web.rooms import FaceSettings

TEMPLATES: Final = Path(__file__).parent / "templates"
# Where a theme finds what it overrides: {% extends "portero/layout.html" %}.
_OURS: Final = "portero"
# What a theme may have besides: parts of its own.
_OWN_PARTS: Final = "theme/"


class _Compiled(jinja2.BytecodeCache):
    """Our templates as this process has compiled them once: each language, and each application in
    the process, has an environment of its own."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = _Compiled()


class BadTheme(Exception):
    """A template of the theme is unusable; the message is for the operator."""


class _OneSetOfGlobals(jinja2.Environment):
    """Where a template has no globals of its own it has the environment's, and not a chain of both:
    Jinja looks through that for each name of each page and of each file that it imports."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


class _Environment(_OneSetOfGlobals):
    pass


class _SandboxedEnvironment(_OneSetOfGlobals, SandboxedEnvironment):
    pass


def environment(theme_dir: Path | None) -> jinja2.Environment:
    """Escaping, and strict about names. Raises `BadTheme`, at the start and not at somebody's
    sign-in."""
    make = _SandboxedEnvironment if theme_dir else _Environment
    made = make(
        loader=_loader(theme_dir),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
        # In the sandbox other code is made of them.
        bytecode_cache=None if theme_dir else _COMPILED,
    )
    if theme_dir is not None:
        _check(made, theme_dir)
    return made


def of_every_page(settings: FaceSettings) -> dict[str, Any]:
    """For `Environment.globals`, so that imported macros see them too."""
    looks = settings.looks
    return {
        "at": settings.at,
        "asset": lambda name: settings.at(looks.static.path(name)),
        "product_name": settings.product_name,
        "look": looks.site,
        "theme_stylesheet": looks.theme_stylesheet,
    }


def _loader(theme_dir: Path | None) -> jinja2.BaseLoader:
    ours = jinja2.FileSystemLoader(TEMPLATES)
    if theme_dir is None:
        return ours
    theme = jinja2.FileSystemLoader(theme_dir / "templates")
    return jinja2.ChoiceLoader([theme, ours, jinja2.PrefixLoader({_OURS: ours})])


def _check(made: jinja2.Environment, theme_dir: Path) -> None:
    known = set(jinja2.FileSystemLoader(TEMPLATES).list_templates())
    for name in jinja2.FileSystemLoader(theme_dir / "templates").list_templates():
        if name not in known and not name.startswith(_OWN_PARTS):
            raise BadTheme(f"templates/{name} overrides nothing: no page of Portero is called so")
        try:
            made.get_template(name)
        except jinja2.TemplateSyntaxError as error:
            raise BadTheme(f"templates/{name}, line {error.lineno}: {error.message}") from error
