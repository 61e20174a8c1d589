"""`portero users`: accounts, as operators see them."""

from __future__ import annotations

import sys
from typing import Any

import click

from portero.cli.console import Console, console, json_option, read_secret
from portero.cli.house import account_json, opened_house
from portero.kit.secrets import Secret

FACTOR_COLUMNS = ("kind", "name", "created_at", "last_used_at", "id")
LIST_COLUMNS = ("username", "email", "state", "created_at", "id")


@click.group("users", no_args_is_help=True)
def command() -> None:
    """Create, list, change and invite accounts.

    NAME is a username, a verified mail address, or an account's id.
    """


@command.command("create")
@click.argument("name")
@click.option("--email", default="", help="Mail address.")
@click.option("--email-verified", is_flag=True, help="The address is known to be theirs.")
@click.option("--display-name", default="", help="Name to show.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option(
    "--import-hash-stdin", is_flag=True, help="Read a hash of another system from standard input."
)
@click.option("--no-password", is_flag=True, help="Make an account that has no password yet.")
@click.option("--must-change", is_flag=True, help="A new password is owed at the first sign-in.")
@json_option
@console
def create(told: Console, /, **asked: Any) -> None:
    """Create an account."""
    password, imported_hash = _first_secret(asked)
    with opened_house() as house:
        from portero.core.accounts.flows import NewAccount
        from portero.core.audit import Actor

        profile = {"display_name": asked["display_name"]} if asked["display_name"] else {}
        account = house.rooms.account_admin.create(
            Actor.operator(),
            NewAccount(asked["name"], asked["email"], asked["email_verified"], profile),
            password,
            imported_hash=imported_hash,
            must_change=asked["must_change"],
        )
    told.show(account_json(account), f"Created {account.username} ({account.id}).")


@command.command("list")
@click.option("--prefix", default="", help="Only usernames that begin so.")
@click.option("--after", default="", help="Go on after this id.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@console
def list_(told: Console, /, prefix: str, after: str, limit: int) -> None:
    """List accounts, the oldest first."""
    with opened_house() as house:
        found = house.rooms.accounts.list_accounts(
            after_id=after, limit=limit, username_prefix=prefix
        )
    rows = [account_json(account) for account in found]
    told.table(rows, columns=LIST_COLUMNS, empty="There is no account.")


@command.command("show")
@click.argument("name")
@json_option
@console
def show(told: Console, /, name: str) -> None:
    """Show one account."""
    with opened_house() as house:
        shown = account_json(house.rooms.accounts.get_by_name(name))
    told.show(shown, *(f"{key:<16}{value}" for key, value in shown.items()))


@command.command("disable")
@click.argument("name")
@json_option
@console
def disable(told: Console, /, name: str) -> None:
    """End every session of an account, and let nobody sign in to it."""
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        ended = house.rooms.account_admin.disable(Actor.operator(), account.id)
        account = house.rooms.accounts.get(account.id)
    document = {**account_json(account), "sessions_ended": ended}
    told.show(document, f"Disabled {account.username}; {ended} sessions ended.")


@command.command("enable")
@click.argument("name")
@json_option
@console
def enable(told: Console, /, name: str) -> None:
    """Let an account sign in again."""
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        house.rooms.account_admin.enable(Actor.operator(), account.id)
        account = house.rooms.accounts.get(account.id)
    told.show(account_json(account), f"Enabled {account.username}.")


@command.command("freeze")
@click.argument("name")
@click.option("--force", is_flag=True, help="Without a mailbox too: you set a new password.")
@json_option
@console
def freeze(told: Console, /, name: str, force: bool) -> None:
    """Shut everybody out of an account that somebody else is in: sessions, applications, new
    browsers and the password. The owner is mailed a link to a new one."""
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        ended = house.rooms.freezing.by_operator(Actor.operator(), account.id, for_good=force)
    document = {**account_json(account), "sessions_ended": ended, "mailed": account.email_verified}
    link = "The owner is mailed a link." if account.email_verified else "There is no mailbox."
    told.show(document, f"Froze {account.username}; {ended} sessions ended. {link}")


@command.command("unlock")
@click.argument("name")
@json_option
@console
def unlock(told: Console, /, name: str) -> None:
    """Forget the wrong passwords that were tried for an account."""
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        was_shut = house.rooms.account_admin.unlock(Actor.operator(), account.id)
    document = {**account_json(account), "failures_forgotten": was_shut}
    told.show(document, f"Unlocked {account.username}.")


@command.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@console
def delete(told: Console, /, name: str, yes: bool) -> None:
    """Delete an account and all that it owns; its audit entries stay. There is no way back."""
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Delete {account.username} for ever?", abort=True, err=True)
        house.rooms.account_admin.delete(Actor.operator(), account.id)
    document = {"id": account.id, "username": account.username, "deleted": True}
    told.show(document, f"Deleted {account.username}.")


@command.command("factors")
@click.argument("name")
@json_option
@console
def factors(told: Console, /, name: str) -> None:
    """List what an account has enrolled beside its password."""
    with opened_house() as house:
        account = house.rooms.accounts.get_by_name(name)
        found = house.rooms.authenticators.list_of(account.id)
    rows = [
        {
            "kind": each.kind.value,
            "name": each.name,
            "created_at": each.created_at.isoformat(),
            "last_used_at": each.last_used_at.isoformat() if each.last_used_at else "",
            "id": each.id,
        }
        for each in found
    ]
    told.table(rows, columns=FACTOR_COLUMNS, empty="Nothing is enrolled.")


@command.command("reset-factors")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@console
def reset_factors(told: Console, /, name: str, yes: bool) -> None:
    """Remove all that an account has enrolled, for somebody who has lost it. Make sure who asks:
    the password alone signs in afterwards. The owner is mailed."""
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        if not yes and sys.stdin.isatty():
            click.confirm(f"Remove all factors of {account.username}?", abort=True, err=True)
        removed = house.rooms.authenticators.remove_all(Actor.operator(), account.id)
    document = {"id": account.id, "username": account.username, "removed": removed}
    told.show(document, f"Removed {removed} factors of {account.username}.")


@command.command("set-password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--must-change", is_flag=True, help="A new password is owed at the next sign-in.")
@json_option
@console
def set_password(told: Console, /, name: str, password_stdin: bool, must_change: bool) -> None:
    """Set a password and end every session of the account."""
    password = read_secret(from_stdin=password_stdin, prompt="New password")
    if password is None:
        raise click.UsageError("Pass the password with --password-stdin.")
    with opened_house() as house:
        from portero.core.audit import Actor

        account = house.rooms.accounts.get_by_name(name)
        ended = house.rooms.account_admin.set_password(
            Actor.operator(), account.id, password, must_change=must_change
        )
    document = {"id": account.id, "username": account.username, "sessions_ended": ended}
    told.show(document, f"The password of {account.username} is set; {ended} sessions ended.")


@command.command("sessions")
@click.argument("name")
@click.option("--end-all", is_flag=True, help="End them.")
@json_option
@console
def sessions(told: Console, /, name: str, end_all: bool) -> None:
    """List (or end) the live sessions of an account."""
    with opened_house() as house:
        from portero.core.audit import Actor
        from portero.core.sessions import EndReason

        account = house.rooms.accounts.get_by_name(name)
        if end_all:
            ended = house.rooms.sessions.end_all(Actor.operator(), account.id, EndReason.EVERYWHERE)
            told.show({"sessions_ended": ended}, f"{ended} sessions ended.")
            return
        found = house.rooms.sessions.list_live(account.id)
    shown = ("id", "created_at", "last_used_at", "expires_at", "acr", "address", "user_agent")
    rows = [{**{key: getattr(one, key) for key in shown}, "amr": list(one.amr)} for one in found]
    told.table(rows, columns=shown, empty="No session is live.")


@command.command("invite")
@click.argument("email")
@click.option("--locale", default="", help="Language of the mail.")
@json_option
@console
def invite(told: Console, /, email: str, locale: str) -> None:
    """Mail somebody an invitation to register, and print its link."""
    with opened_house() as house:
        from portero.core.audit import Actor

        link = house.rooms.sign_up.invite(Actor.operator(), email, locale=locale)
    told.show({"email": email, "link": link}, link)


def _first_secret(asked: dict[str, Any]) -> tuple[Secret | None, str]:
    """The password, or the imported hash, of a new account: exactly one way of the four."""
    ways = [asked["password_stdin"], asked["import_hash_stdin"], asked["no_password"]]
    if sum(ways) > 1:
        raise click.UsageError("Only one of --password-stdin, --import-hash-stdin, --no-password.")
    if asked["must_change"] and (asked["import_hash_stdin"] or asked["no_password"]):
        raise click.UsageError("--must-change goes with a password.")
    if asked["no_password"]:
        return None, ""
    given = read_secret(
        from_stdin=asked["password_stdin"] or asked["import_hash_stdin"], prompt="Password"
    )
    if given is None:
        raise click.UsageError("Pass the password with --password-stdin, or say --no-password.")
    if asked["import_hash_stdin"]:
        if not given:
            raise click.UsageError("There is no hash on standard input.")
        return None, given.reveal()
    return given, ""
