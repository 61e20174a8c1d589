"""`portero outbox`: mails and other jobs that were given up."""

from __future__ import annotations

from dataclasses import fields

import click

from portero.cli.console import Console, console, json_option
from portero.cli.house import opened_house

LIST_COLUMNS = ("id", "kind", "created_at", "finished_at", "attempts", "last_error")


@click.group("outbox", no_args_is_help=True)
def command() -> None:
    """List and retry jobs that were given up."""


@command.command("list-dead")
@json_option
@console
def list_dead(told: Console, /) -> None:
    """List the jobs that were given up, and why."""
    with opened_house() as house:
        from portero.core.outbox import DeadJob

        names = [field.name for field in fields(DeadJob)]
        rows = [{name: getattr(job, name) for name in names} for job in house.desk.list_dead()]
    told.table(rows, columns=LIST_COLUMNS, empty="No job was given up.")


@command.command("retry")
@click.argument("job_id", nargs=-1, required=True)
@json_option
@console
def retry(told: Console, /, job_id: tuple[str, ...]) -> None:
    """Let jobs be tried again from the start; a running server or worker sends them."""
    with opened_house() as house:
        for each in job_id:
            house.desk.retry(each, now=house.clock.now())
    told.show({"retried": list(job_id)}, *(f"{each} is tried again" for each in job_id))
