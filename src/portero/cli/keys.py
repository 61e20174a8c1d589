"""`portero keys`: signing keys, and what is sealed under SECRET_KEY."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from portero.cli.console import Console, console, json_option
from portero.cli.house import opened_house

if TYPE_CHECKING:
    from portero.core.keys.model import KeyRecord

LIST_COLUMNS = ("kid", "alg", "state", "activates_at", "retires_at", "gone_at")


@click.group("keys", no_args_is_help=True)
def command() -> None:
    """List and rotate signing keys; seal secrets anew."""


@command.command("list")
@json_option
@console
def list_(told: Console, /) -> None:
    """List signing keys, those that are gone included."""
    with opened_house() as house:
        now = house.clock.now()
        rows = [_key_json(record, now) for record in house.keys.list_keys()]
    told.table(rows, columns=LIST_COLUMNS, empty="There is no key yet: the first start makes them.")


@command.command("rotate")
@click.option("--alg", default="ES256", show_default=True, help="Algorithm whose key is replaced.")
@click.option(
    "--immediately", is_flag=True,
    help="For a key that leaked: older keys end now, and so do the tokens that they signed.",
)  # fmt: skip
@json_option
@console
def rotate(told: Console, /, alg: str, immediately: bool) -> None:
    """Publish the next key; it signs once every verifier has had time to see it."""
    with opened_house() as house:
        from portero.core.audit import Actor
        from portero.protocol.jose.algorithms import SigningAlg

        known = [one.value for one in SigningAlg]
        if alg not in known:
            raise click.UsageError(f"--alg is one of {', '.join(known)}.")
        made = house.keys.rotate(Actor.operator(), SigningAlg(alg), immediately=immediately)
        shown = _key_json(made, house.clock.now())
    told.show(shown, f"The new {alg} key {made.kid} signs from {made.activates_at.isoformat()} on.")


@command.command("reencrypt")
@json_option
@console
def reencrypt(told: Console, /) -> None:
    """Seal everything under the present SECRET_KEY, so that SECRET_KEY_FALLBACKS can go."""
    with opened_house() as house:
        from portero.core.audit import Actor
        from portero.core.keys.events import KeysResealed

        counts = {
            "keys": house.keys.reseal(),
            "outbox": house.desk.reseal(),
            "clients": house.clients.reseal(),
            "factors": house.reseal_factors(),
        }
        total = sum(counts.values())
        if total:
            event = KeysResealed(count=total)
            now = house.clock.now()
            house.db.write(lambda tx: house.audit.record(tx, Actor.operator(), now, event))
    told.show(counts, *(f"{name}: {count} sealed anew" for name, count in counts.items()))


def _key_json(record: KeyRecord, now: datetime) -> dict[str, Any]:
    return {
        "kid": record.kid,
        "alg": record.alg.value,
        "state": record.state(now).value,
        "generation": record.generation,
        "created_at": record.created_at,
        "activates_at": record.activates_at,
        "retires_at": record.retires_at,
        "gone_at": record.gone_at,
        "public_jwk": dict(record.public_jwk),
    }
