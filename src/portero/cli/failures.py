"""From what went wrong to one sentence on standard error, and an exit status.

With `--json` a failure is a problem object `{code, message, errors}` there. Nobody is shown a
traceback, except with PORTERO_LOG_LEVEL=debug for an error that nobody foresaw.
"""

from __future__ import annotations

import logging
import os
import traceback
from typing import Any, Final

import click

from portero.cli.console import json_text
from portero.kit.refusals import Refusal

log = logging.getLogger(__name__)

FAILED: Final = 1
WRONG_USE: Final = 2


class CommandFailed(Exception):
    """A command could not do what it was asked for, and no room below said why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def explain(error: Exception, *, as_json: bool) -> int:
    """Say it; the exit status."""
    if isinstance(error, click.UsageError):
        click.echo(f"portero: {_usage(error)}", err=True)
        return WRONG_USE
    problem = _problem(error)
    if problem is None:
        problem = _unexpected(error)
    if as_json:
        click.echo(json_text(problem, indent=None), err=True)
    else:
        faults = [f"{fault['name']}: {fault['detail']}" for fault in problem["errors"]]
        click.echo(f"portero: {' '.join([problem['message'], *faults])}", err=True)
    return FAILED


def _problem(error: Exception) -> dict[str, Any] | None:
    """The object for an error that was foreseen."""
    if isinstance(error, Refusal):
        faults = [
            {"name": f.name, "code": f.code, "detail": f.public % f.values} for f in error.faults
        ]
        return _object(error.code, error.public % error.values, faults)
    if isinstance(error, CommandFailed):
        return _object(error.code, error.message)
    if isinstance(error, click.ClickException):
        return _object("failed", error.format_message())
    # By name: these classes live in modules that a command may never have imported.
    code = _FORESEEN.get(f"{type(error).__module__}.{type(error).__name__}")
    return None if code is None else _object(code, str(error))


_FORESEEN: Final = {
    "portero.settings.errors.SettingsError": "wrong_setting",
    "portero.web.templating.BadTheme": "bad_theme",
    "portero.migrations.runner.UnknownRevision": "database_too_new",
    "portero.migrations.starting.SchemaBehind": "database_behind",
}


def _unexpected(error: Exception) -> dict[str, Any]:
    if f"{type(error).__module__}.{type(error).__name__}" == "portero.kit.vault.Unsealable":
        return _object(
            "secret_key_unknown",
            "Something stored is sealed under a SECRET_KEY that is not set: put its former value "
            "into SECRET_KEY_FALLBACKS.",
        )
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return _object("system_error", f"{error.strerror}{where}.")
    if os.environ.get("PORTERO_LOG_LEVEL", "").lower() == "debug":
        click.echo("".join(traceback.format_exception(error)), err=True)
    hint = "PORTERO_LOG_LEVEL=debug shows where."
    return _object("unexpected", f"Something unforeseen went wrong: {type(error).__name__}. {hint}")


def _object(code: str, message: str, errors: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "errors": errors or []}


def _usage(error: click.UsageError) -> str:
    """One sentence, and where to read more."""
    sentence = " ".join(error.format_message().split())
    name = error.ctx.command_path if error.ctx is not None else "portero"
    return f"{sentence.rstrip('.')}. See `{name} --help`."
