"""The question whether an application may have what it asks for."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.provider.authorize import ConsentOwed, Decision
from portero.core.provider.authorize.rules import is_assured
from portero.protocol.oauth.redirect_uris import is_claimed, told_to_people
from portero.web.exchange import Request, by_name
from portero.web.exchange import Response as Plain
from portero.web.forms import Forms, FormTooOld
from portero.web.oidc.authorize import told
from portero.web.oidc.wants import wants_of
from portero.web.pages import described_at, html, made_for, name_of
from portero.web.places import CONSENT_PATH
from portero.web.rooms import Rooms
from portero.web.standalone import StandalonePages


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    pages = StandalonePages(rooms.settings)

    def consent() -> AnyResponse:
        handle = request.values.get("request", "")[:128]
        actor, browser = Actor.anonymous(g.origin), forms.browser()
        if request.method == "POST":
            try:
                forms.check()
            except FormTooOld:
                asked = urlencode({"request": handle})
                return redirect(rooms.settings.at(f"{CONSENT_PATH}?{asked}"), 303)
            allowed = request.form.get("decision") == "allow"
            decision = Decision(allowed, request.form.get("question", ""))
            outcome = rooms.provider.authorize.decide(actor, handle, browser, decision)
        else:
            outcome = rooms.provider.authorize.resume(actor, handle, browser)
        if isinstance(outcome, ConsentOwed):
            return _page(outcome)
        return _as_flask(told(outcome, _request(), pages, forms.cookie, rooms.settings))

    def _page(owed: ConsentOwed) -> Response:
        asked, metadata = owed.asked, owed.asked.client.metadata
        back = asked.request.back.redirect_uri
        made_for(rooms.settings, asked)
        return html(
            "oidc/consent.html",
            handle=owed.handle.reveal(),
            question=owed.question,
            client_name=name_of(asked.client),
            described_at=described_at(asked.client),
            policy_uri=metadata.policy_uri,
            tos_uri=metadata.tos_uri,
            username=owed.account.username,
            wants=wants_of(
                rooms.provider,
                scope=asked.request.told_scope,
                resources=asked.request.resources,
                details=asked.request.details,
            ),
            host=told_to_people(back),
            on_this_device=not is_claimed(back),
            assured=is_assured(asked.client),
        )

    host.add_url_rule(
        CONSENT_PATH, endpoint="oidc.consent", view_func=consent, methods=["GET", "POST"]
    )


def _request() -> Request:
    """The present request, for what renders answers without Flask."""
    return Request(
        method=request.method,
        path=request.path,
        query_string="",
        headers=by_name(request.headers.items()),
        body=b"",
        peer=request.remote_addr or "",
        scheme=request.scheme,
        request_id=g.origin.request_id,
    )


def _as_flask(answer: Plain) -> AnyResponse:
    made = redirect("/", answer.status) if answer.status == 303 else Response(status=answer.status)
    made.set_data(answer.body)
    for name in dict(answer.headers):
        made.headers.remove(name)
    made.headers.extend(answer.headers)
    return made
