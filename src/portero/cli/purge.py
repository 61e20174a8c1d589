"""`portero purge`: tidying up, for who wants it at a chosen hour. Servers do it by themselves."""

from __future__ import annotations

import click

from portero.cli.console import Console, console, json_option
from portero.cli.house import opened_house


@click.command("purge")
@json_option
@console
def command(told: Console, /) -> None:
    """Delete the accounts that are due, and forget what expired long ago."""
    with opened_house() as house:
        from portero.background import tidy

        forgotten = tidy(house) + house.worker.purge()
    told.show({"purged": forgotten}, f"{forgotten} rows forgotten.")
