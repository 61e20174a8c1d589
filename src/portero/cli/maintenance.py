"""`portero maintenance`: close the service for a while, and open it again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from portero.cli.console import Console, console, json_option
from portero.cli.house import read_settings

if TYPE_CHECKING:
    from portero.outside.maintenance import MaintenanceFile


@click.group("maintenance", no_args_is_help=True)
def command() -> None:
    """Close the service for a while, and open it again."""


@command.command("on")
@click.option("--message", default="", help="What people are told besides, in their language.")
@click.option("--minutes", type=click.IntRange(1, 10_080), help="How long it will probably take.")
@json_option
@console
def on(told: Console, /, message: str, minutes: int | None) -> None:
    """Answer 503 with Retry-After to pages and APIs of this data directory's servers."""
    from portero.kit.maintenance import Maintenance
    from portero.outside.clock import SystemClock

    until = SystemClock().now() + timedelta(minutes=minutes) if minutes else None
    _file().begin(Maintenance(message, until))
    shown = {"maintenance": True, "message": message, "until": until}
    told.show(shown, "The service is closed. `portero maintenance off` opens it again.")


@command.command("off")
@json_option
@console
def off(told: Console, /) -> None:
    """Open the service again."""
    _file().end()
    told.show({"maintenance": False}, "The service is open.")


def _file() -> MaintenanceFile:
    from portero.outside.clock import SystemClock
    from portero.outside.maintenance import MaintenanceFile

    return MaintenanceFile(read_settings().data_dir, SystemClock())
