"""Approval on another device, both ends of it: how it stands, for the page that waits; and the page
on the device that answers.

Nobody has to be signed in on the device. The secret that its message carried stands in the part of
the address that no server sees; the page's module posts it from a form of ours. Opening the page
spends nothing.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g, request

from portero.core.audit import Actor
from portero.core.authenticators import FactorKind
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.factors.push.errors import QuestionOver, WrongNumber
from portero.core.login.push_answering import PushAnswering, PushQuestion
from portero.kit.refusals import Busy
from portero.web.exchange import JSON_TYPE, json_body
from portero.web.forms import Forms
from portero.web.host import translator
from portero.web.moments import Moments
from portero.web.pages import html, name_of, name_of_device, refused, told
from portero.web.places import (
    PUSH_ANSWER_PATH,
    PUSH_MANIFEST_PATH,
    PUSH_PAGE_PATH,
    PUSH_STATE_PATH,
    PUSH_WORKER_PATH,
)
from portero.web.rooms import Rooms

_SECRET_CAP: Final = 128
_WORKER: Final = "push_worker.js"


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    if rooms.push_answering is None:
        return
    page = _AnswerPage(rooms, forms, rooms.push_answering)

    def worker() -> Response:
        """Under an address that never changes, and asked for anew each time."""
        content = rooms.settings.looks.static.by_name[_WORKER].content
        answer = Response(content, content_type="text/javascript; charset=utf-8")
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    def manifest() -> Response:
        """iPhones and iPads give messages to web pages on their home screen alone, and put such a
        page there by what its manifest says (https://www.w3.org/TR/appmanifest/)."""
        settings = rooms.settings
        icon = settings.looks.static.path("icon.svg")
        content = {
            "name": settings.product_name,
            "start_url": settings.at(PUSH_PAGE_PATH),
            "scope": settings.at("/"),
            "display": "standalone",
            "icons": [{"src": settings.at(icon), "sizes": "any", "type": "image/svg+xml"}],
        }
        return Response(json_body(content), content_type="application/manifest+json")

    def state() -> Response:
        forms.check()
        waits = rooms.sign_in_steps.waits(
            request.form.get("auth_session", ""), FactorKind.PUSH, in_browser=forms.in_browser()
        )
        return Response(json_body({"waiting": waits}), content_type=JSON_TYPE)

    host.add_url_rule(PUSH_WORKER_PATH, endpoint="login.push_worker", view_func=worker)
    host.add_url_rule(PUSH_MANIFEST_PATH, endpoint="login.push_manifest", view_func=manifest)
    host.add_url_rule(
        PUSH_STATE_PATH, endpoint="login.push_state", view_func=state, methods=["POST"]
    )
    host.add_url_rule(
        PUSH_ANSWER_PATH, endpoint="login.push_answer", view_func=page.view, methods=["GET", "POST"]
    )


class _AnswerPage:
    def __init__(self, rooms: Rooms, forms: Forms, answering: PushAnswering) -> None:
        self._rooms = rooms
        self._forms = forms
        self._answering = answering

    def view(self) -> Response:
        if request.method != "POST":
            return html("push/open.html", action=PUSH_ANSWER_PATH)
        secret, decision = (
            request.form.get("secret", "")[:_SECRET_CAP],
            request.form.get("decision", ""),
        )
        try:
            self._forms.check()
            question = self._answering.look(secret)
            if question.account.locale:
                g.locales = (question.account.locale,)
            if decision == "approve":
                return self._approve(question, secret)
            if decision == "deny":
                self._answering.deny(Actor.anonymous(g.origin), secret)
                return html("push/denied.html", enrols=question.enrols)
        except (QuestionOver, WrongNumber) as refusal:
            return refused(html("push/over.html", message=told(refusal)["message"]), refusal)
        return self._ask(question, secret)

    def _approve(self, question: PushQuestion, secret: str) -> Response:
        number = request.form.get("number", "")
        if not question.enrols and not number.strip():
            fault = translator().text("Type the number that you see on the other screen.")
            return self._ask(question, secret, faults={"number": fault})
        self._answering.approve(Actor.anonymous(g.origin), secret, number)
        return html("push/approved.html", enrols=question.enrols)

    def _ask(
        self, question: PushQuestion, secret: str, *, faults: dict[str, str] | None = None
    ) -> Response:
        moments = Moments(question.account.zoneinfo, now=self._rooms.clock.now())
        place = self._rooms.place_of(question.address, translator().locale)
        return html(
            "push/enrol.html" if question.enrols else "push/question.html",
            action=PUSH_ANSWER_PATH,
            secret=secret,
            username=question.account.username,
            application=self._name_of(question.client_id),
            device=name_of_device(question.user_agent),
            place=place,
            address=question.address,
            when=moments.ago(question.asked_at),
            faults=faults or {},
        )

    def _name_of(self, client_id: str) -> str:
        """What the sign-in is for; this service's own pages and API by its own name."""
        known = client_id and client_id != FIRST_PARTY_CLIENT_ID
        if not known:
            return self._rooms.settings.product_name
        try:
            client = self._rooms.provider.clients.find(client_id)
        except Busy:  # its document can't be had just now; whoever answers needs no more than this
            client = None
        return name_of(client) if client is not None else client_id
