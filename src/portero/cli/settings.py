"""`portero settings`: what is in force, and where it was said."""

from __future__ import annotations

import click

from portero.cli.console import Console, console, json_option, note
from portero.cli.house import read_settings


@click.command("settings")
@json_option
@console
def command(told: Console, /) -> None:
    """Show every setting: its value, source and meaning."""
    settings = read_settings()
    rows = [
        {"key": one.key, "value": one.value_text, "source": one.source, "meaning": one.meaning}
        for one in settings.effective()
    ]
    told.table(rows, columns=("key", "value", "source", "meaning"), empty="")
    for sentence in settings.notes:
        note(sentence)
