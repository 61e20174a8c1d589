"""Joins approval on another device, and whoever sends the messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from portero.core.accounts.flows import Accounts
from portero.core.accounts.telling import OwnerTold
from portero.core.authenticators import Authenticators, FactorKind
from portero.core.factors.push import (
    PUSH_MESSAGE,
    PushAnswers,
    PushCare,
    PushFactor,
    PushSending,
    PushServices,
    VapidKeys,
)
from portero.core.factors.push.numbers import Numbers
from portero.core.factors.push.sealing import Sealing
from portero.core.login.push_answering import PushAnswering
from portero.core.outbox import Deliverer
from portero.outside.http_fetch import HttpFetch
from portero.outside.push import MessageWriter, PushMessenger
from portero.outside.signing import LocalKeyMaker
from portero.wiring.base import Base


@dataclass(frozen=True, slots=True)
class PushJoined:
    """`queue` is of its own: a push service that hangs keeps no mail from anybody."""

    factor: PushFactor
    answering: PushAnswering
    queue: Mapping[str, Deliverer]


def join_push_care(base: Base) -> PushCare:
    """Also where it is turned off: what is kept must open when it is turned on again."""
    return PushCare(base.db, _keys(base), Sealing(base.vault))


def _keys(base: Base) -> VapidKeys:
    return VapidKeys(db=base.db, clock=base.clock, vault=base.vault, maker=LocalKeyMaker())


def join_push(
    base: Base, *, accounts: Accounts, authenticators: Authenticators, owner: OwnerTold
) -> PushJoined | None:
    """None where nobody approves on another device."""
    settings = base.settings
    if not settings.push_services or FactorKind.PUSH not in settings.second_factors:
        return None
    services = PushServices(settings.push_services, loopback=settings.development)
    keys = _keys(base)
    sealing, numbers = Sealing(base.vault), Numbers(base.vault)
    factor = PushFactor(
        db=base.db,
        clock=base.clock,
        dice=base.dice,
        audit=base.audit,
        limits=base.limits,
        outbox=base.outbox,
        authenticators=authenticators,
        keys=keys,
        sealing=sealing,
        numbers=numbers,
        services=services,
    )
    sending = PushSending(
        db=base.db,
        clock=base.clock,
        audit=base.audit,
        owner=owner,
        keys=keys,
        sealing=sealing,
        messenger=PushMessenger(
            fetch=HttpFetch(allow_loopback=settings.development),
            writer=MessageWriter(product_name=settings.product_name),
            services=services,
            contact=settings.push_contact,
        ),
    )
    answers = PushAnswers(base.audit, owner, numbers)
    return PushJoined(
        factor,
        PushAnswering(base.db, base.clock, accounts, answers),
        {PUSH_MESSAGE: sending.deliver},
    )
