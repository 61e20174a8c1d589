"""The rooms where an application waits for somebody who answers on another device."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from portero.core.clients import Client, ClientCache
from portero.core.provider.authorize.reading import RequestReader
from portero.core.provider.ciba import CibaAnswering, CibaAsking, Pings
from portero.core.provider.client_auth import ClientAuth
from portero.core.provider.device import Devices
from portero.core.provider.hints import IdTokenHints
from portero.core.provider.model import Binding, ClientCall
from portero.core.provider.possession import Possession
from portero.core.provider.resources import Resources
from portero.core.provider.scopes import Scopes
from portero.core.provider.subjects import Subjects
from portero.outside.http_fetch import HttpFetch
from portero.web.places import CIBA_PATH, DEVICE_PATH, REQUESTS_PATH
from portero.wiring.base import Base


@dataclass(frozen=True, slots=True)
class Elsewhere:
    devices: Devices
    asking: CibaAsking
    answering: CibaAnswering
    pings: Pings


def join_elsewhere(
    base: Base,
    *,
    client_auth: ClientAuth,
    clients: ClientCache,
    possession: Possession,
    scopes: Scopes,
    resources: Resources,
    reader: RequestReader,
    hints: IdTokenHints,
    subjects: Subjects,
    fetch: HttpFetch,
    reachable_levels: Collection[str],
) -> Elsewhere:
    def proven_at(path: str) -> Callable[[ClientCall, Client], Binding]:
        return lambda call, client: possession.prove(call, client, urls=base.urls_of(path))

    devices = Devices(
        db=base.db,
        clock=base.clock,
        dice=base.dice,
        vault=base.vault,
        audit=base.audit,
        limits=base.limits,
        volume=base.volume,
        client_auth=client_auth,
        clients=clients,
        scopes=scopes,
        resources=resources,
        binding_of=proven_at(DEVICE_PATH),
        reachable_levels=reachable_levels,
    )
    pings = Pings(
        clock=base.clock, vault=base.vault, outbox=base.outbox, clients=clients, fetch=fetch
    )
    asking = CibaAsking(
        db=base.db,
        clock=base.clock,
        dice=base.dice,
        audit=base.audit,
        limits=base.limits,
        notices=base.notices,
        client_auth=client_auth,
        hints=hints,
        subjects=subjects,
        pings=pings,
        rules_of=reader.rules_of,
        binding_of=proven_at(CIBA_PATH),
        page=base.settings.issuer + REQUESTS_PATH,
    )
    answering = CibaAnswering(
        db=base.db,
        clock=base.clock,
        audit=base.audit,
        clients=clients,
        pings=pings,
        reachable_levels=reachable_levels,
    )
    return Elsewhere(devices, asking, answering, pings)
