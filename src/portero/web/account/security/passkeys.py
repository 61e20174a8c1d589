"""The account's passkeys: which there are, what they are called, one more, one less.

To add or remove one needs a fresh proof: whoever finds an open browser must neither stay in for
ever nor lock its owner out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, request

from portero.core.authenticators import Authenticator, FactorKind, Given, NoSuchAuthenticator
from portero.core.factors.passkey import Passkey, Passkeys
from portero.core.factors.passkey.makes import make_of
from portero.kit.refusals import FieldFault, Invalid
from portero.web.account.console import Console, Visit
from portero.web.account.security.own import next_page, renew_cookie
from portero.web.account.security.section import Section
from portero.web.account.told import Done
from portero.web.credentials import json_object

_PAGE: Final = "/security/passkeys"


def _look(visit: Visit) -> Mapping[str, Any] | None:
    if visit.rooms.passkeys is None:
        return None
    return {"count": len(visit.rooms.passkeys.list_of(visit.account.id))}


SECTION: Final = Section("account/parts/passkeys.html", _look)


def mount(console: Console) -> None:
    if console.rooms.passkeys is None:
        return
    page = _PasskeyPages(console.rooms.passkeys)
    console.page(_PAGE, page.show, here="/security")
    console.page(f"{_PAGE}/add", page.ask, page.add, here="/security", fresh=True, then=_PAGE)
    console.page(
        f"{_PAGE}/rename", page.name, page.rename, here="/security", fresh=True, then=_PAGE
    )
    console.action(
        f"{_PAGE}/remove", page.remove, again=page.show, page=_PAGE, here="/security", fresh=True
    )


class _PasskeyPages:
    def __init__(self, passkeys: Passkeys) -> None:
        self._passkeys = passkeys

    def show(self, visit: Visit) -> Response:
        kept = {each.authenticator_id: each for each in self._passkeys.list_of(visit.account.id)}
        listed = visit.rooms.authenticators.list_of(visit.account.id)
        return visit.html(
            "account/security/passkeys.html",
            passkeys=[_row(visit, one, kept[one.id]) for one in listed if one.id in kept],
            signals=self._signals(visit, list(kept.values())),
        )

    def _signals(self, visit: Visit, kept: list[Passkey]) -> Mapping[str, Mapping[str, Any]]:
        """What the browser may be told of the account's passkeys: those that are left, and what the
        person is called now (WebAuthn L3 §5.1.10)."""
        if not kept:
            return {}
        whose = {"rpId": self._passkeys.party.id, "userId": kept[0].user_handle}
        account = visit.account
        return {
            "signalAllAcceptedCredentials": {
                **whose,
                "allAcceptedCredentialIds": [each.credential_id for each in kept],
            },
            "signalCurrentUserDetails": {
                **whose,
                "name": account.username,
                "displayName": account.display_name or account.username,
            },
        }

    def ask(self, visit: Visit) -> Response:
        shown = visit.rooms.enrolment.begin(visit.actor, visit.session, FactorKind.PASSKEY)
        return visit.html("account/security/passkey_add.html", options=shown["public_key"])

    def add(self, visit: Visit) -> Done:
        given = Given(credential=json_object(request.form.get("credential", "")))
        visit.rooms.enrolment.finish(visit.actor, visit.session, FactorKind.PASSKEY, given, name="")
        renew_cookie(visit)
        return Done("The passkey was added. You can sign in with it from now on.", next_page(visit))

    def name(self, visit: Visit) -> Response:
        one = _one(visit)
        return visit.html("account/security/passkey_rename.html", passkey=one)

    def rename(self, visit: Visit) -> Done:
        name = visit.named("name", longest=100).strip()
        if not name:
            fault = FieldFault("name", "required", "Give it a name of up to 100 characters.")
            raise Invalid("no name", faults=(fault,))
        visit.rooms.authenticators.rename(visit.actor, visit.account.id, visit.named("id"), name)
        return Done("The passkey has its new name.")

    def remove(self, visit: Visit) -> Done:
        one = _one(visit)
        visit.rooms.authenticators.remove(visit.actor, visit.account.id, one.id)
        return Done("The passkey was removed. Delete it on your device too, if it is still there.")


def _one(visit: Visit) -> Authenticator:
    """The passkey that the request names, of this account's."""
    named = visit.named("id")
    for one in visit.rooms.authenticators.list_of(visit.account.id):
        if one.id == named and one.kind is FactorKind.PASSKEY:
            return one
    raise NoSuchAuthenticator("no passkey of this account")


def _row(visit: Visit, one: Authenticator, kept: Passkey) -> Mapping[str, Any]:
    moments = visit.moments
    return {
        "id": one.id,
        "name": one.name,
        "make": make_of(kept.aaguid),
        "synced": kept.backup_eligible,
        "created": moments.on(one.created_at),
        "last_used": moments.ago(one.last_used_at) if one.last_used_at else "",
    }
