"""`portero clients`: the applications that may ask for tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import click

from portero.cli.console import Console, console, json_option, json_text, note
from portero.cli.failures import CommandFailed
from portero.cli.house import opened_house

if TYPE_CHECKING:
    from portero.core.provider.register.model import ClientInvitation

LIST_COLUMNS = ("client_id", "client_name", "token_endpoint_auth_method", "state", "created_by")
INVITATION_COLUMNS = ("id", "note", "uses_left", "created_at", "expires_at")
MAX_METADATA_CHARS = 65_536


@click.group("clients", no_args_is_help=True)
def command() -> None:
    """Register and list OAuth clients."""


@command.command("create")
@click.option(
    "--metadata", type=click.File(encoding="utf-8"), required=True,
    help="File with client metadata as JSON (RFC 7591 §2); - is standard input.",
)  # fmt: skip
@click.option("--client-id", default=None, help="Choose the id. Without it, it is made.")
@click.option("--first-party", is_flag=True, help="It belongs to whoever runs Portero.")
@json_option
@console
def create(told: Console, /, metadata: TextIO, client_id: str | None, first_party: bool) -> None:
    """Register a client; the answer is its metadata as JSON, with the secret, this once."""
    asked = _read_metadata(metadata)
    with opened_house() as house:
        from portero.core.audit import Actor

        created = house.clients.create(
            Actor.operator(), asked, client_id=client_id, first_party=first_party
        )
        told.as_json = True  # there is no other form of this answer
        told.show(house.clients.register_json(created))


@command.command("list")
@click.option("--after", default="", help="Go on after this client id.")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@json_option
@console
def list_(told: Console, /, after: str, limit: int) -> None:
    """List registered clients."""
    with opened_house() as house:
        from portero.core.clients.rules import client_json

        rows = [client_json(one) for one in house.clients.list_clients(after=after, limit=limit)]
    told.table(rows, columns=LIST_COLUMNS, empty="There is no client.")


@command.command("show")
@click.argument("client_id")
@json_option
@console
def show(told: Console, /, client_id: str) -> None:
    """Show a client's registered metadata, without its secret."""
    with opened_house() as house:
        from portero.core.clients.rules import client_json

        shown = client_json(house.clients.get(client_id))
    told.show(shown, json_text(shown))


@command.command("delete")
@click.argument("client_id")
@json_option
@console
def delete(told: Console, /, client_id: str) -> None:
    """Delete a client; its tokens and grants end with it."""
    with opened_house() as house:
        from portero.core.audit import Actor

        house.clients.delete(Actor.operator(), client_id)
    told.show({"client_id": client_id, "deleted": True}, f"Deleted {client_id}.")


@command.command("rotate-secret")
@click.argument("client_id")
@json_option
@console
def rotate_secret(told: Console, /, client_id: str) -> None:
    """Make a new secret, shown this once; the old one is dead at once."""
    with opened_house() as house:
        from portero.core.audit import Actor

        rotated = house.clients.rotate_secret(Actor.operator(), client_id)
        answer = house.clients.register_json(rotated)
    secret = {key: answer[key] for key in ("client_id", "client_secret")}
    if not told.as_json:
        note(f"The new secret of {client_id}:")
    told.show(secret, secret["client_secret"])


@command.command("invite")
@click.option("--uses", type=click.IntRange(1, 10_000), default=1, show_default=True,
    help="How many clients it may register.",
)  # fmt: skip
@click.option("--hours", type=click.IntRange(1, 8760), default=24, show_default=True,
    help="For how long it is valid.",
)  # fmt: skip
@click.option("--note", "remark", default="", help="For whom it is; only for you.")
@json_option
@console
def invite(told: Console, /, uses: int, hours: int, remark: str) -> None:
    """Make an initial access token (RFC 7591), shown this once: its holder may register clients."""
    with opened_house() as house:
        from datetime import timedelta

        from portero.core.audit import Actor

        made, token = house.rooms.provider.client_invitations.invite(
            Actor.operator(), uses=uses, lifetime=timedelta(hours=hours), note=remark
        )
        off = house.settings.client_registration == "off"
    if off:
        note("PORTERO_CLIENT_REGISTRATION is off: nobody can register before it is token.")
    document = {**_invitation_json(made), "token": token.reveal()}
    told.show(document, token.reveal())


@command.command("invitations")
@json_option
@console
def invitations(told: Console, /) -> None:
    """List the initial access tokens that still let somebody register."""
    with opened_house() as house:
        rows = [
            _invitation_json(one) for one in house.rooms.provider.client_invitations.list_live()
        ]
    told.table(rows, columns=INVITATION_COLUMNS, empty="There is no invitation.")


@command.command("withdraw")
@click.argument("invitation_id")
@json_option
@console
def withdraw(told: Console, /, invitation_id: str) -> None:
    """Withdraw an initial access token. The clients that it registered stay."""
    with opened_house() as house:
        from portero.core.audit import Actor

        house.rooms.provider.client_invitations.withdraw(Actor.operator(), invitation_id)
    told.show({"id": invitation_id, "withdrawn": True}, f"Withdrew {invitation_id}.")


def _invitation_json(made: ClientInvitation) -> dict[str, Any]:
    return {name: getattr(made, name) for name in INVITATION_COLUMNS}


def _read_metadata(place: TextIO) -> dict[str, Any]:
    try:
        text = place.read(MAX_METADATA_CHARS + 1)
        if len(text) > MAX_METADATA_CHARS:
            raise CommandFailed("invalid_client_metadata", "The metadata is over 64 KiB.")
        read = json.loads(text)
    except (ValueError, RecursionError) as error:  # bad UTF-8 too
        sentence = "The metadata is not JSON."
        raise CommandFailed("invalid_client_metadata", sentence) from error
    if not isinstance(read, dict):
        raise CommandFailed("invalid_client_metadata", "The metadata must be a JSON object.")
    return read
