"""`portero db`: the schema of the database."""

from __future__ import annotations

import click

from portero.cli.console import Console, console, json_option
from portero.cli.failures import CommandFailed
from portero.cli.house import opened_house


@click.group("db", no_args_is_help=True)
def command() -> None:
    """Migrate and check the database."""


@command.command("upgrade")
@json_option
@console
def upgrade(told: Console, /) -> None:
    """Bring the database to the schema of this version: all of it, or nothing."""
    with opened_house(make_current=False) as house:
        from portero.migrations import runner

        applied = runner.upgrade(house.db)
    lines = [f"applied {revision}" for revision in applied] or [f"at {runner.HEAD} already"]
    told.show({"applied": applied, "current": runner.HEAD}, *lines)


@command.command("current")
@json_option
@console
def current(told: Console, /) -> None:
    """Show the revision of the database, and the one that this version needs."""
    with opened_house(make_current=False) as house:
        from portero.migrations import runner

        found = runner.current(house.db)
    shown = {"current": found, "needed": runner.HEAD, "is_current": found == runner.HEAD}
    told.show(shown, f"current: {found or 'none'}", f"needed: {runner.HEAD}")


@command.command("check")
@json_option
@console
def check(told: Console, /) -> None:
    """Compare the database with the tables in the code; fails when they differ."""
    with opened_house(make_current=False) as house:
        from portero.migrations import runner

        found = runner.current(house.db)
        differences = runner.check(house.db)
    told.show(
        {"current": found, "needed": runner.HEAD, "differences": differences},
        *(differences or ["The database is as the code expects it."]),
    )
    if differences or found != runner.HEAD:
        message = "The database is not as this version expects it: run `portero db upgrade`."
        raise CommandFailed("database_differs", message)
