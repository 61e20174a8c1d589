"""`portero serve`: the server.

Before the fork the house is joined and the schema looked at; no connection is open when workers
are made. Each worker opens its own (`portero.background`).
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from portero import __version__
from portero.cli.console import Console, console, json_option, note
from portero.cli.failures import CommandFailed
from portero.cli.house import read_settings

if TYPE_CHECKING:
    from portero.settings import Settings
    from portero.wiring import House

_OVERRIDES: Final = {
    "host": "PORTERO_HOST",
    "port": "PORTERO_PORT",
    "workers": "PORTERO_WORKERS",
    "tls_cert": "PORTERO_TLS_CERT",
    "tls_key": "PORTERO_TLS_KEY",
}


@click.command("serve")
@click.option("--host", help="Address to listen on (PORTERO_HOST).")
@click.option("--port", help="Port to listen on (PORTERO_PORT).")
@click.option("--workers", help="Number of server processes (PORTERO_WORKERS).")
@click.option("--tls-cert", type=click.Path(), help="Certificate chain (PORTERO_TLS_CERT).")
@click.option("--tls-key", type=click.Path(), help="Its private key (PORTERO_TLS_KEY).")
@json_option
@console
def command(told: Console, /, **given: Any) -> None:
    """Run the server until it is told to stop."""
    # Imports make objects by the hundred thousand, and all of them stay: looking through them again
    # and again is a fifth of the start. `_serve` turns it on when all is made.
    gc.disable()
    # Pydantic would look for plugins in everything that is installed: 13 ms and 2 MB to find none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    overrides = {key: str(given[name]) for name, key in _OVERRIDES.items() if given[name]}
    settings = read_settings(overrides)
    _serve(told, settings)


def _serve(told: Console, settings: Settings) -> None:
    from portero.app import create_front
    from portero.background import Background
    from portero.cli.serving import serve
    from portero.outside import logs

    logs.configure(settings.log_level, settings.log_format)
    for sentence in settings.notes:
        note(sentence)
    house = _ready_house(settings)
    is_empty = not house.rooms.accounts.list_accounts(limit=1)
    Background(house).rehearse()
    house.db.dispose()  # a connection must not go through the fork

    def say(url: str) -> None:
        ready = {"url": url, "issuer": settings.issuer, "data_dir": str(settings.data_dir)}
        lines = [f"Portero {__version__} is at {url} (data in {settings.data_dir})"]
        if is_empty:
            lines.append("There is no account yet. Make one: portero users create NAME")
        told.show(ready, *lines)
        sys.stdout.flush()

    serve(
        lambda: create_front(house),
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        tls_cert=settings.tls_cert,
        tls_key=settings.tls_key,
        on_ready=say,
    )


def _ready_house(settings: Settings) -> House:
    from portero.migrations import starting
    from portero.wiring import join

    house = join(settings)
    for revision in starting.make_current(house.db):
        note(f"The database was brought to revision {revision}.")
    _open_keys(house)
    return house


def _open_keys(house: House) -> None:
    """Refuse a SECRET_KEY that does not fit the database here: behind the fork it would be a
    traceback from each worker, again and again. Where there is no key yet, a worker makes it."""
    from portero.core.keys.errors import NoSigningKey
    from portero.kit.vault import Unsealable
    from portero.protocol.jose.algorithms import SigningAlg

    for name in house.settings.signing_algs:
        try:
            house.ring.signer(SigningAlg(name), house.clock.now())
        except NoSigningKey:
            continue
        except Unsealable as error:
            raise CommandFailed(
                "secret_key_unknown",
                "SECRET_KEY does not open the signing keys of this database: put the value that "
                "they were sealed under into SECRET_KEY_FALLBACKS.",
            ) from error
