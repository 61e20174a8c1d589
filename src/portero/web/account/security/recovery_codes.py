"""Recovery codes: how many are left, and making new ones, which are shown this once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response

from portero.core.authenticators import FactorKind
from portero.core.factors.recovery.rules import FEW, HOW_MANY
from portero.web.account.console import Console, Visit
from portero.web.account.security.own import is_offered
from portero.web.account.security.section import Section
from portero.web.factor_words import codes_file

_PATH: Final = "/security/recovery-codes"
_KIND: Final = FactorKind.RECOVERY_CODE


def _look(visit: Visit) -> Mapping[str, Any] | None:
    """Nothing for whoever has no other factor: there is nothing to lose."""
    if not is_offered(visit, _KIND) or not _protects(visit):
        return None
    return {"remaining": visit.rooms.recovery_codes.remaining(visit.account.id), "few": FEW}


SECTION: Final = Section("account/parts/recovery_codes.html", _look)


def mount(console: Console) -> None:
    console.page(_PATH, _show, _make, here="/security", fresh=True)


def _show(visit: Visit) -> Response:
    return visit.html(
        "account/security/recovery_codes.html",
        remaining=visit.rooms.recovery_codes.remaining(visit.account.id),
        protects=_protects(visit),
        how_many=HOW_MANY,
        few=FEW,
    )


def _make(visit: Visit) -> Response:
    codes = visit.rooms.recovery_codes.make(visit.actor, visit.account.id)
    as_file = codes_file(visit.rooms.settings.product_name, visit.account.username, codes)
    return visit.html("account/security/recovery_codes_made.html", codes=codes, as_file=as_file)


def _protects(visit: Visit) -> bool:
    enrolled = visit.rooms.authenticators.list_of(visit.account.id)
    return any(each.kind is not _KIND for each in enrolled)
