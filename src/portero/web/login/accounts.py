"""Who is signed in in this browser: going on with one of them, adding another, signing one out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Flask, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.sessions import NoSuchSession
from portero.web.forms import Forms
from portero.web.login.errands import Errand, errand_of_request, handle_of_request
from portero.web.pages import html
from portero.web.places import ACCOUNT_PATH, ACCOUNTS_PATH, CONTINUATION_PATH
from portero.web.rooms import Rooms
from portero.web.signed_out import forget, signed_out


def accounts_url(handle: str) -> str:
    return f"{ACCOUNTS_PATH}?{urlencode({'request': handle})}" if handle else ACCOUNTS_PATH


def chooses(rooms: Rooms, forms: Forms, errand: Errand) -> bool:
    """Whether the application wants the person to say with which account to go on, and there is
    one to go on with."""
    if errand.asked is None or not errand.asked.asks_to_choose or "other" in request.values:
        return False
    return bool(rooms.sessions.of_browser(forms.browser()))


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    at = rooms.settings.at

    def show() -> AnyResponse:
        errand = errand_of_request(rooms, forms)
        held = rooms.sessions.of_browser(forms.browser())
        if not held:
            return redirect(at(errand.as_somebody_else), 303)
        people = [(each, rooms.accounts.get(each.account_id)) for each in held]
        return html(
            "login/accounts.html",
            people=people,
            handle=errand.handle,
            client_name=errand.client_name,
            accounts_path=ACCOUNTS_PATH,
            another=errand.as_somebody_else,
        )

    def choose() -> AnyResponse:
        forms.check()
        handle, named = handle_of_request(), _named()
        if errand_of_request(rooms, forms).asked is None:
            rooms.sessions.choose(forms.browser(), named)
            return redirect(at(ACCOUNT_PATH), 303)
        rooms.provider.authorize.choose(handle, forms.browser(), named)
        return redirect(at(f"{CONTINUATION_PATH}?{urlencode({'request': handle})}"), 303)

    def leave() -> AnyResponse:
        forms.check()
        held, named = rooms.sessions.of_browser(forms.browser()), _named()
        meant = [each for each in held if each.id == named]
        if not meant:
            raise NoSuchSession("not in this browser")
        answer = signed_out(
            rooms.provider.end_session.end(meant, g.origin), return_to=at(ACCOUNTS_PATH)
        )
        return answer if len(held) > 1 else forget(answer, forms.cookie, rooms.settings)

    def add(path: str, view: Any, method: str) -> None:
        endpoint = f"login.accounts.{view.__name__}"
        host.add_url_rule(path, endpoint=endpoint, view_func=view, methods=[method])

    add(ACCOUNTS_PATH, show, "GET")
    add(ACCOUNTS_PATH, choose, "POST")
    add(f"{ACCOUNTS_PATH}/sign-out", leave, "POST")


def _named() -> str:
    return request.form.get("session", "")[:64]
