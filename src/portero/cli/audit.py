"""`portero audit`: what happened."""

from __future__ import annotations

from dataclasses import fields

import click

from portero.cli.console import Console, console, json_option
from portero.cli.failures import CommandFailed
from portero.cli.house import opened_house

LIST_COLUMNS = ("at", "kind", "outcome", "actor_kind", "account_id", "client_id", "address", "id")


@click.group("audit", no_args_is_help=True)
def command() -> None:
    """Read what happened."""


@command.command("list")
@click.option("--kind", default=None, help="Only events of this kind, such as login.failed.")
@click.option("--account", default=None, help="Only those about this account (name or id).")
@click.option("--before", default=None, help="Go on before this entry's id.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@console
def list_(
    told: Console, /, kind: str | None, account: str | None, before: str | None, limit: int
) -> None:
    """List audit entries, the newest first."""
    with opened_house() as house:
        from portero.core.accounts.errors import NoSuchAccount
        from portero.core.audit import Entry

        account_id = None
        if account is not None:
            try:
                account_id = house.rooms.accounts.get_by_name(account).id
            except NoSuchAccount:
                account_id = account  # the id of a deleted account: its entries stay
        found = house.audit.list_entries(
            kind=kind, account_id=account_id, before_id=before, limit=limit
        )
        names = [field.name for field in fields(Entry)]
    rows = [{name: getattr(entry, name) for name in names} for entry in found]
    told.table(rows, columns=LIST_COLUMNS, empty="Nothing happened yet.")


@command.command("show")
@click.argument("entry_id", metavar="ID")
@json_option
@console
def show(told: Console, /, entry_id: str) -> None:
    """Show one entry with all that it holds: of login.judged and login.doubted, why a sign-in was
    asked for more, or refused."""
    with opened_house() as house:
        from portero.core.audit import Entry

        found = house.audit.find(entry_id)
        if found is None:
            raise CommandFailed("not_found", f"There is no entry {entry_id}.")
        shown = {field.name: getattr(found, field.name) for field in fields(Entry)}
    details = {f"  {name}": value for name, value in found.details.items()}
    lines = {**{name: value for name, value in shown.items() if name != "details"}, **details}
    told.show(
        shown, *(f"{name:<12} {_text(value)}" for name, value in lines.items() if value != "")
    )


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, value)) or "-"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(each)}" for name, each in value.items()) or "-"
    return str(value)
