"""`portero`: the group of all commands, and the one place where an error becomes a sentence.

Exit status: 0 done; 1 refused or failed; 2 wrong use; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, cast

import click

from portero import __version__
from portero.cli.console import Console
from portero.cli.failures import explain

# name: what the list says of it. The command is in the module of the same name, imported when it
# is called; a test compares the sentence with the command's own.
COMMANDS: Final = {
    "serve": "Run the server until it is told to stop.",
    "worker": "Deliver mails and other waiting jobs, without serving.",
    "users": "Create, list, change and invite accounts.",
    "clients": "Register and list OAuth clients.",
    "keys": "List and rotate signing keys; seal secrets anew.",
    "db": "Migrate and check the database.",
    "outbox": "List and retry jobs that were given up.",
    "audit": "Read what happened.",
    "limits": "Show the limits, and give somebody new tries.",
    "policy": "Show, check and try the rules by which sign-ins are judged.",
    "settings": "Show every setting: its value, source and meaning.",
    "doctor": "Check the whole installation, and say what to do.",
    "maintenance": "Close the service for a while, and open it again.",
    "purge": "Delete the accounts that are due, and forget what expired long ago.",
}


class LazyGroup(click.Group):
    """Knows its commands by name; imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return cast(click.Command, import_module(f"portero.cli.{cmd_name}").command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _show_version(context: click.Context, option: click.Parameter, given: bool) -> None:
    if given:
        click.echo(f"portero {__version__}")
        context.exit()


@click.group("portero", cls=LazyGroup, no_args_is_help=True)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_show_version,
    help="Print the version.",
)  # fmt: skip
def program() -> None:
    """Portero, an authentication system. `portero COMMAND --help` explains a command."""


def main() -> None:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit status. Nothing it raises reaches the caller."""
    console = Console()
    try:
        status = program.main(
            args=list(arguments), prog_name="portero", standalone_mode=False, obj=console
        )
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return 130
    except Exception as error:
        return explain(error, as_json=console.as_json)
    return status if isinstance(status, int) else 0
