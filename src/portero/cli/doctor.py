"""`portero doctor`: look at everything that the server leans on, and say what to do.

Changes nothing but what reading the settings always does (the data directory, and a generated
SECRET_KEY on a loopback issuer). A check that can't be made for another's fault is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import click

from portero.cli.checks import Finding, State
from portero.cli.console import Console, console, json_option
from portero.cli.house import read_settings

if TYPE_CHECKING:
    from portero.settings import Settings
    from portero.wiring import House

_MARKS: Final = {State.OK: "ok  ", State.WARN: "warn", State.FAIL: "FAIL"}


@click.command("doctor")
@json_option
@console
@click.pass_context
def command(context: click.Context, told: Console, /) -> None:
    """Check the whole installation, and say what to do."""
    found = list(findings())
    told.show([finding.json() for finding in found], *(_line(finding) for finding in found))
    if any(finding.state is State.FAIL for finding in found):
        context.exit(1)


def findings() -> Iterator[Finding]:
    """One after the other, each as soon as it is known."""
    from portero.settings import SettingsError

    try:
        settings = read_settings()
    except SettingsError as error:
        yield Finding("settings", State.FAIL, str(error), f"Correct {error.key}.")
        return
    yield Finding("settings", State.OK, "All settings can be read and fit together.")
    for sentence in settings.notes:
        yield Finding("settings", State.OK, sentence)
    yield from _of_settings(settings)


def _of_settings(settings: Settings) -> Iterator[Finding]:
    from portero.cli import checks, checks_of_sign_ins
    from portero.settings import SettingsError
    from portero.wiring import join

    try:
        house = join(settings)
    except SettingsError as error:  # a file that one of them names
        yield Finding("settings", State.FAIL, str(error), f"Correct {error.key}.")
        return
    try:
        yield from checks.permissions(settings)
        yield from _of_database(house)
        yield from checks.redis(settings)
        yield checks_of_sign_ins.risk(settings)
        yield checks.mail(settings)
        yield checks.issuer(settings)
        yield from checks.closed_or_themed(house)
    finally:
        house.hasher.close()
        house.db.dispose()


def _of_database(house: House) -> Iterator[Finding]:
    from portero.cli import checks, checks_of_sign_ins

    reachable = checks.database(house)
    yield reachable
    if reachable.state is State.FAIL:
        return
    schema = checks.schema(house)
    yield schema
    steps: list[Callable[[House], Finding]] = [checks.clock]
    if schema.state is State.OK:
        steps += [checks.keys, checks.clients, checks.outbox, checks_of_sign_ins.stuffing]
    for step in steps:
        yield step(house)


def _line(finding: Finding) -> str:
    line = f"{_MARKS[finding.state]}  {finding.check:<12}{finding.told}"
    return f"{line}\n{'':18}{finding.advice}" if finding.advice else line
