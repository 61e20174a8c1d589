"""`portero worker`: the outbox alone, for deployments that deliver apart from serving."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from portero.cli.console import Console, console, json_option, note
from portero.cli.house import opened_house


@click.command("worker")
@click.option("--once", is_flag=True, help="Deliver what is due, then end.")
@json_option
@console
def command(told: Console, /, once: bool) -> None:
    """Deliver mails and other waiting jobs, without serving."""
    from portero.outside import logs

    with opened_house() as house:
        logs.configure(house.settings.log_level, house.settings.log_format)
        delivered = 0
        if once:
            while claimed := house.worker.run_once():
                delivered += claimed
            told.show({"tried": delivered}, f"{delivered} jobs tried.")
            return
        stop = threading.Event()

        def end(number: int, frame: FrameType | None) -> None:
            stop.set()
            house.worker.wake()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        note("Delivering; SIGTERM or Ctrl-C ends it after the job in hand.")
        house.worker.run(stop)
