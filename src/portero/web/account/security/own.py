"""What the pages of all factors have in common."""

from __future__ import annotations

from typing import Any

from portero.core.authenticators import Authenticator, FactorKind, NoSuchAuthenticator
from portero.web.account.console import Visit


def is_offered(visit: Visit, kind: FactorKind) -> bool:
    """Whether the operator lets people enrol and prove that kind."""
    return kind in visit.rooms.enrolment.offered


def owned(visit: Visit, kind: FactorKind) -> list[dict[str, Any]]:
    """The account's own of that kind, as a page lists them."""
    moments = visit.moments
    return [
        {
            "id": each.id,
            "name": each.name,
            "added": moments.on(each.created_at),
            "last_used": moments.ago(each.last_used_at) if each.last_used_at else "",
        }
        for each in visit.rooms.authenticators.list_of(visit.account.id)
        if each.kind is kind
    ]


def own_one(visit: Visit, kind: FactorKind) -> Authenticator:
    """The one that the form names; raises `NoSuchAuthenticator`."""
    named = visit.named("id")
    for each in visit.rooms.authenticators.list_of(visit.account.id):
        if each.id == named and each.kind is kind:
            return each
    raise NoSuchAuthenticator("the form names none of the account's own")


def renew_cookie(visit: Visit) -> None:
    """The session was lifted: a copy of the cookie from before is worth nothing now."""
    visit.forms.put_renewed(visit.rooms.sessions.change_cookie(visit.forms.browser()))


def next_page(visit: Visit) -> str:
    """Where somebody goes on who has just enrolled a factor: to recovery codes, the first time; ''
    for wherever the form leads."""
    lacks = visit.rooms.recovery_codes.remaining(visit.account.id) == 0
    if lacks and is_offered(visit, FactorKind.RECOVERY_CODE):
        return "/security/recovery-codes"
    return ""
