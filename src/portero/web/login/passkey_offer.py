"""After a sign-in with a password: "sign in faster next time?" The way on is never in question."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.authenticators import FactorKind, Given
from portero.core.login.model import SignedIn
from portero.core.sessions import Session
from portero.kit.refusals import Refusal
from portero.web.credentials import json_object
from portero.web.forms import Forms
from portero.web.login.errands import Errand, errand_of_request
from portero.web.pages import html, refused, told
from portero.web.places import PASSKEY_OFFER_PATH, account_page_of
from portero.web.present import present
from portero.web.rooms import Rooms


def place_after(rooms: Rooms, signed_in: SignedIn, errand: Errand) -> str:
    """Where the browser goes on: to the offer, if one is due, and else to what it came for. Whoever
    proves himself for a page of the console is in the middle of something else."""
    offers, session = rooms.passkey_offers, signed_in.session
    if offers is None or "pwd" not in session.amr or account_page_of(errand.handle):
        return errand.next_place
    if not offers.is_due(session.account_id):
        return errand.next_place
    return f"{PASSKEY_OFFER_PATH}?{urlencode({'request': errand.handle})}"


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    if rooms.passkey_offers is None:
        return
    page = _OfferPage(rooms, forms)
    host.add_url_rule(
        PASSKEY_OFFER_PATH,
        endpoint="login.passkey_offer",
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
            return self._ask(errand, session)
        try:
            self._forms.check()
            self._answer(session)
        except Refusal as refusal:
            return refused(self._ask(errand, session, **told(refusal)), refusal)
        return self._go_on(errand)

    def _session(self) -> Session | None:
        """Who has just signed in: an older session adds nothing to its account here."""
        session = present(self._rooms, self._forms)
        fresh = session is not None and self._rooms.step_up.is_enough(session)
        return session if fresh else None

    def _answer(self, session: Session) -> None:
        if "not_now" in request.form:
            if self._rooms.passkey_offers is not None:
                self._rooms.passkey_offers.decline(session.account_id)
            return
        given = Given(credential=json_object(request.form.get("credential", "")))
        kind = FactorKind.PASSKEY
        self._rooms.enrolment.finish(_actor(session), session, kind, given, name="")

    def _ask(self, errand: Errand, session: Session, **values: Any) -> Response:
        shown = self._rooms.enrolment.begin(_actor(session), session, FactorKind.PASSKEY)
        return html(
            "login/passkey_offer.html",
            handle=errand.handle,
            session=session.id,
            options=shown["public_key"],
            offer_path=PASSKEY_OFFER_PATH,
            **{"message": "", "faults": {}, **values},
        )

    def _go_on(self, errand: Errand) -> AnyResponse:
        return redirect(self._rooms.settings.at(errand.next_place), 303)


def _actor(session: Session) -> Actor:
    return Actor.account(session.account_id, session_id=session.id, origin=g.origin)
