"""After a sign-in that set up a first second factor: recovery codes, for when it is lost."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.factors.recovery.rules import HOW_MANY
from portero.core.login.model import SignedIn
from portero.core.sessions import Session
from portero.kit.refusals import Refusal
from portero.web.factor_words import codes_file
from portero.web.forms import Forms
from portero.web.login.errands import Errand, errand_of_request
from portero.web.pages import html, refused, told
from portero.web.places import RECOVERY_OFFER_PATH
from portero.web.present import present
from portero.web.rooms import Rooms


def codes_are_due(rooms: Rooms, account_id: str) -> bool:
    offered = FactorKind.RECOVERY_CODE in rooms.enrolment.offered
    return offered and rooms.recovery_codes.is_due(account_id)


def codes_place(rooms: Rooms, signed_in: SignedIn, errand: Errand) -> str:
    """Where the browser goes before it goes on; '' where no codes are due."""
    if not signed_in.enrolled or not codes_are_due(rooms, signed_in.account.id):
        return ""
    return f"{RECOVERY_OFFER_PATH}?{urlencode({'request': errand.handle})}"


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    page = _OfferPage(rooms, forms)
    host.add_url_rule(
        RECOVERY_OFFER_PATH,
        endpoint="login.recovery_offer",
        view_func=page.view,
        methods=["GET", "POST"],
    )


class _OfferPage:
    def __init__(self, rooms: Rooms, forms: Forms) -> None:
        self._rooms = rooms
        self._forms = forms

    def view(self) -> AnyResponse:
        errand, session = errand_of_request(self._rooms, self._forms), self._session()
        if session is None:
            return self._go_on(errand)
        if request.method != "POST":
            return self._page(errand)
        try:
            self._forms.check()
        except Refusal as refusal:
            return refused(self._page(errand, **told(refusal)), refusal)
        if "not_now" in request.form:
            return self._go_on(errand)
        actor = Actor.account(session.account_id, session_id=session.id, origin=g.origin)
        codes = self._rooms.recovery_codes.make(actor, session.account_id)
        username = self._rooms.accounts.get(session.account_id).username
        as_file = codes_file(self._rooms.settings.product_name, username, codes)
        return self._page(errand, codes=codes, as_file=as_file)

    def _session(self) -> Session | None:
        """Who has just signed in, and is due them: once they are made, nobody gets others here."""
        session = present(self._rooms, self._forms)
        if session is None or not self._rooms.step_up.is_enough(session):
            return None
        return session if codes_are_due(self._rooms, session.account_id) else None

    def _page(self, errand: Errand, **values: Any) -> Response:
        return html(
            "login/recovery_offer.html",
            handle=errand.handle,
            how_many=HOW_MANY,
            offer_path=RECOVERY_OFFER_PATH,
            next=self._rooms.settings.at(errand.next_place),
            **{"message": "", "codes": (), "as_file": "", **values},
        )

    def _go_on(self, errand: Errand) -> AnyResponse:
        return redirect(self._rooms.settings.at(errand.next_place), 303)
