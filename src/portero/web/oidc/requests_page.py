"""The page where people answer what applications ask of them elsewhere (CIBA).

Everybody sees what is meant for them: for each account that is signed in in this browser, its own
requests. The address says nothing and names nothing, so a link to it can't show anybody a request
of somebody else's choosing.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.provider.ciba import CibaAsked, RequestNotWaiting
from portero.core.provider.polling import FreshSignInNeeded
from portero.core.sessions import Session
from portero.web.forms import Forms, FormTooOld
from portero.web.host import translator
from portero.web.oidc.wants import wants_of
from portero.web.pages import html, name_of, refused, told
from portero.web.places import REQUESTS_PATH, sign_in_for
from portero.web.present import present
from portero.web.rooms import Rooms

# This page is a place of ours by name.
_PLACE: Final = REQUESTS_PATH.removeprefix("/")


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    answering = rooms.provider.ciba_answering

    def requests() -> AnyResponse:
        held = rooms.sessions.of_browser(forms.browser())
        if not held:
            return redirect(rooms.settings.at(sign_in_for(_PLACE)), 303)
        if request.method != "POST":
            return _page(held)
        try:
            forms.check()
            return _decided(held)
        except FreshSignInNeeded as refusal:
            back = sign_in_for(
                _PLACE, acr=refusal.acr, second_factor=refusal.second_factor, fresh=refusal.too_old
            )
            return redirect(rooms.settings.at(back), 303)
        except (FormTooOld, RequestNotWaiting) as refusal:
            return refused(_page(held, message=told(refusal)["message"]), refusal)

    def _decided(held: list[Session]) -> Response:
        """One answer. Any decision but `allow` and `deny` is none, and the page is shown again."""
        session, decision = present(rooms, forms), request.form.get("decision", "")
        if session is None:
            raise RequestNotWaiting("who answers is not signed in here any more")
        if decision not in {"allow", "deny"}:
            return _page(held)
        actor = Actor.account(session.account_id, session_id=session.id, origin=g.origin)
        asked = answering.decide(
            actor, session, request.form.get("id", "")[:36], agreed=decision == "allow"
        )
        text, name = translator().text, name_of(asked.client)
        if decision == "allow":
            return _done(text("Done. Go on in %(name)s.", name=name))
        return _done(text("You refused %(name)s.", name=name))

    def _done(message: str) -> Response:
        return html("login/done.html", message=message, sign_in="")

    def _page(held: list[Session], *, message: str = "") -> Response:
        seats = [
            {
                "session": session.id,
                "username": rooms.accounts.get(session.account_id).username,
                "requests": [_shown(each) for each in answering.waiting_for(session)],
            }
            for session in held
        ]
        return html(
            "oidc/requests.html",
            seats=seats,
            message=message,
            action=REQUESTS_PATH,
            waiting=any(seat["requests"] for seat in seats),
        )

    def _shown(asked: CibaAsked) -> dict[str, object]:
        return {
            "id": asked.id,
            "client_name": name_of(asked.client),
            "binding_message": asked.binding_message,
            "wants": wants_of(
                rooms.provider,
                scope=asked.scope,
                resources=asked.resources,
                details=asked.details,
            ),
        }

    host.add_url_rule(
        REQUESTS_PATH, endpoint="oidc.requests", view_func=requests, methods=["GET", "POST"]
    )
