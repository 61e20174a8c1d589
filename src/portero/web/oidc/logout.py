"""The end-session endpoint, where applications send people who sign out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.provider.end_session import LogoutAsked
from portero.core.provider.errors import UnusableReturnAddress
from portero.core.sessions import Session
from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.parameters import Parameters, read_parameters
from portero.web.forms import Forms
from portero.web.oidc.form_body import read_form
from portero.web.pages import html, name_of
from portero.web.places import ACCOUNT_PATH, END_SESSION_CONFIRM_PATH, END_SESSION_PATH
from portero.web.rooms import Rooms
from portero.web.signed_out import forget, signed_out

# What the question carries along; it is weighed again with the answer.
_CARRIED: Final = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    verb = rooms.provider.end_session

    def asked() -> AnyResponse:
        parameters = _parameters()
        if request.method == "POST" and not forms.browser():
            # SameSite=Lax: the cookie does not come with another site's form, but does come with
            # the GET that follows it. Else nobody would be signed out.
            again = f"{END_SESSION_PATH}?{urlencode(_carried(parameters))}"
            return redirect(rooms.settings.at(again), 303)
        held, weighed = _weighed(parameters)
        return _ended(held, weighed) if weighed.sure else _question(parameters, weighed)

    def confirmed() -> AnyResponse:
        parameters = _parameters()
        forms.check()
        return _ended(*_weighed(parameters))

    def _weighed(parameters: Parameters) -> tuple[list[Session], LogoutAsked]:
        g.locales = (parameters.get("ui_locales") or "").split()[:10]
        held = rooms.sessions.of_browser(forms.browser())
        try:
            return held, verb.weigh(parameters, held)
        except OAuthRefusal as refusal:
            raise UnusableReturnAddress(values={"why": refusal.description}) from refusal

    def _question(parameters: Parameters, weighed: LogoutAsked) -> Response:
        g.forms_lead_out = bool(weighed.return_to)
        return html(
            "oidc/logout.html",
            action=END_SESSION_CONFIRM_PATH,
            client_name=name_of(weighed.client) if weighed.client is not None else "",
            usernames=[rooms.accounts.get(each.account_id).username for each in weighed.meant],
            fields=list(_carried(parameters).items()),
            stay=ACCOUNT_PATH,
        )

    def _ended(held: Sequence[Session], weighed: LogoutAsked) -> AnyResponse:
        frames = verb.end(weighed.meant, g.origin)
        if weighed.return_to and not frames:
            answer = Response(status=303, headers={"Location": weighed.return_to})
        else:
            answer = signed_out(frames, return_to=weighed.return_to)
        # Other people may be signed in in this browser: their cookie is the same one.
        return (
            forget(answer, forms.cookie, rooms.settings)
            if len(weighed.meant) == len(held)
            else answer
        )

    host.add_url_rule(
        END_SESSION_PATH, endpoint="oidc.logout", view_func=asked, methods=["GET", "POST"]
    )
    host.add_url_rule(
        END_SESSION_CONFIRM_PATH,
        endpoint="oidc.logout_confirmed",
        view_func=confirmed,
        methods=["POST"],
    )


def _parameters() -> Parameters:
    """From the query of a GET, from the body of a POST (§2)."""
    try:
        if request.method == "POST":
            return read_form(request.content_type, request.get_data())
        return read_parameters(request.query_string.decode("ascii", "replace"))
    except OAuthRefusal as refusal:
        raise UnusableReturnAddress(values={"why": refusal.description}) from refusal


def _carried(parameters: Parameters) -> dict[str, str]:
    found = ((name, parameters.get(name)) for name in _CARRIED)
    return {name: value for name, value in found if value is not None}
