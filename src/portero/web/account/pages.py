"""The account page: who is signed in, which applications are connected, and the way out."""

from __future__ import annotations

from flask import Flask, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.sessions import Session
from portero.web.forms import Forms
from portero.web.pages import html, meaning_of, name_of
from portero.web.places import ACCOUNT_PATH, REQUESTS_PATH, SIGN_IN_PATH, SIGN_OUT_PATH
from portero.web.present import present
from portero.web.rooms import Rooms
from portero.web.signed_out import forget, signed_out

_DISCONNECT_PATH = f"{ACCOUNT_PATH}/disconnect"


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def account() -> AnyResponse:
        session = present(rooms, forms)
        if session is None:
            return redirect(rooms.settings.at(SIGN_IN_PATH), 303)
        return html(
            "account/home.html",
            session=session.id,
            account=rooms.accounts.get(session.account_id),
            connections=rooms.provider.connections.list_of(session.account_id),
            meaning=lambda name: meaning_of(rooms.provider.scopes.of(name)),
            name_of=name_of,
            disconnect_path=_DISCONNECT_PATH,
            requests_path=REQUESTS_PATH,
            sign_out_path=SIGN_OUT_PATH,
        )

    def disconnect() -> AnyResponse:
        forms.check()
        session = present(rooms, forms)
        if session is None:
            return redirect(rooms.settings.at(SIGN_IN_PATH), 303)
        rooms.provider.connections.withdraw(
            _actor(session), session.account_id, request.form.get("client_id", "")[:255]
        )
        return redirect(rooms.settings.at(ACCOUNT_PATH), 303)

    def sign_out() -> AnyResponse:
        forms.check()
        held = rooms.sessions.of_browser(forms.browser())
        return forget(signed_out(rooms.provider.end_session.end(held, g.origin)), forms.cookie)

    host.add_url_rule(ACCOUNT_PATH, endpoint="account.home", view_func=account)
    for path, view in ((_DISCONNECT_PATH, disconnect), (SIGN_OUT_PATH, sign_out)):
        host.add_url_rule(
            path, endpoint=f"account.{view.__name__}", view_func=view, methods=["POST"]
        )


def _actor(session: Session) -> Actor:
    return Actor.account(session.account_id, session_id=session.id, origin=g.origin)
