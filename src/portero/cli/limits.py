"""`portero limits`: how often something may be tried, and who has tried how often."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import reduce
from typing import TYPE_CHECKING, Any, Final

import click

from portero.cli.console import Console, console, json_option
from portero.cli.house import opened_house, read_settings

if TYPE_CHECKING:
    from portero.core.admin.limits import LimitDesk
    from portero.wiring import House
    from portero.wiring.limits import InForce

_LIST: Final = ("name", "tries", "seconds", "counted_in", "source")
_SHOW: Final = ("name", "spent", "tries", "seconds")


@click.group("limits", no_args_is_help=True)
def command() -> None:
    """Show the limits, and give somebody new tries."""


@command.command("list")
@json_option
@console
def list_(told: Console, /) -> None:
    """List every limit: what is in force, and which setting says so."""
    with _desk() as (house, _, in_force):
        place = "redis" if house.settings.redis_url else "database"
        rows = [_row(each, place) for each in in_force]
    told.table(rows, columns=_LIST, empty="There is no limit.")


def _of_somebody(view: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--account", metavar="NAME", help="A username, mail address or id."),
        click.option("--address", metavar="IP", help="A client's address; with its network."),
    )
    return reduce(lambda made, option: option(made), options, view)


@command.command("show")
@_of_somebody
@json_option
@console
def show(told: Console, /, account: str | None, address: str | None) -> None:
    """Show the tries that are spent at an account by strangers, or from an address."""
    _check_one(account, address)
    with _desk() as (house, desk, _):
        found = (
            desk.of_account(house.rooms.accounts.get_by_name(account).id)
            if account
            else desk.of_address(_checked(address or ""))
        )
    rows = [
        {
            "name": each.policy.name,
            "spent": each.tries,
            "tries": each.policy.tries,
            "seconds": each.policy.window_seconds,
        }
        for each in found
        if each.tries or told.as_json
    ]
    told.table(rows, columns=_SHOW, empty="Nothing is spent.")


@command.command("clear")
@_of_somebody
@json_option
@console
def clear(told: Console, /, account: str | None, address: str | None) -> None:
    """Give an account, or an address and its network, new tries. The audit log keeps it."""
    from portero.core.audit import Actor

    _check_one(account, address)
    with _desk() as (house, desk, _):
        if account:
            found = house.rooms.accounts.get_by_name(account)
            desk.clear_account(Actor.operator(), found.id)
            told.show({"account_id": found.id}, f"{found.username} has new tries.")
        else:
            desk.clear_address(Actor.operator(), _checked(address or ""))
            told.show({"address": address}, f"{address} and its network have new tries.")


@contextmanager
def _desk() -> Iterator[tuple[House, LimitDesk, tuple[InForce, ...]]]:
    from portero.wiring.limits import desk_of

    with opened_house() as house:
        desk, in_force = desk_of(read_settings(), db=house.db, clock=house.clock, audit=house.audit)
        yield house, desk, in_force


def _row(each: InForce, place: str) -> dict[str, Any]:
    from portero.core.limits import VolumePolicy

    policy = each.policy
    return {
        "name": policy.name,
        "tries": policy.tries,
        "seconds": policy.window_seconds,
        "counted_in": "each process" if isinstance(policy, VolumePolicy) else place,
        "source": each.source,
    }


def _check_one(account: str | None, address: str | None) -> None:
    if bool(account) == bool(address):
        raise click.UsageError("Name one: --account or --address.")


def _checked(address: str) -> str:
    from portero.kit.addresses import parsed_address

    if parsed_address(address) is None:
        raise click.BadParameter("this is no IP address", param_hint="--address")
    return address
