"""The sign-in page: name and password, then whatever is still owed, then back to where it began."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.authenticators import Given
from portero.core.login.errors import (
    InteractionOver,
    NotApproved,
    NotApprovedYet,
    OwesMore,
    WrongFactor,
)
from portero.core.login.model import KeepSignedIn, Owed, Registration, SignedIn, Step, StillOwes
from portero.core.login.with_certificate import ShownByProxy
from portero.kit.refusals import Refusal
from portero.web.credentials import json_object
from portero.web.forms import Forms
from portero.web.host import translator
from portero.web.login.accounts import accounts_url, chooses
from portero.web.login.challenges import challenge_answer
from portero.web.login.errands import Errand, errand_of_request
from portero.web.login.passkey_offer import place_after
from portero.web.login.passkeys import asked_here, to_forget
from portero.web.login.recovery_offer import codes_place
from portero.web.moments import Moments
from portero.web.mounted import request_value
from portero.web.pages import html, refused, told
from portero.web.places import FORGOT_PATH, MAIL_SIGN_IN_PATH, SIGN_IN_PATH, SIGN_UP_PATH
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    page = SignInPage(rooms, forms)
    host.add_url_rule(
        SIGN_IN_PATH, endpoint="login.sign_in", view_func=page.view, methods=["GET", "POST"]
    )


class SignInPage:
    def __init__(self, rooms: Rooms, forms: Forms) -> None:
        self._rooms = rooms
        self._forms = forms

    def view(self) -> AnyResponse:
        errand = errand_of_request(self._rooms, self._forms)
        if request.method != "POST" and chooses(self._rooms, self._forms, errand):
            return redirect(self._rooms.settings.at(accounts_url(errand.handle)), 303)
        try:
            if request.method != "POST":
                return self._step_up(errand) or self._ask(errand, typed=self._known(errand))
            self._forms.check()
            if "name_first" in request.form:
                return self._ask(errand, typed=request.form)
            signed_in = self._prove(errand)
        except OwesMore as refusal:
            # Nothing is lost, so it is no error for the person.
            return self.go_on_asking(errand, refusal.still)
        except Refusal as refusal:
            return refused(self._ask_again(errand, refusal), refusal)
        return self.arrived(errand, signed_in)

    def arrived(self, errand: Errand, signed_in: SignedIn) -> AnyResponse:
        """The browser has the session, and goes where it wanted to."""
        self._forms.put(signed_in)
        codes = codes_place(self._rooms, signed_in, errand)
        place = codes or place_after(self._rooms, signed_in, errand)
        return redirect(self._rooms.settings.at(place), 303)

    def keeps(self) -> bool:
        """Whether the session is to outlive the browser's window."""
        rule = self._rooms.settings.keep_signed_in
        return rule is KeepSignedIn.ALWAYS or (rule is KeepSignedIn.ASK and "keep" in request.form)

    def _prove(self, errand: Errand) -> SignedIn:
        actor, form = Actor.anonymous(g.origin), request.form
        here = self._forms.in_browser(keep=self.keeps())
        if "auth_session" not in form and form.get("credential"):
            return self._rooms.passkey_sign_in.with_passkey(
                actor,
                here.cookie,
                json_object(form["credential"]),
                username=form.get("username", ""),
                wanted=errand.wanted,
                in_browser=here,
            )
        certificates = self._rooms.certificate_sign_in
        if "auth_session" not in form and certificates is not None and "certificate" in form:
            shown = self._rooms.settings.certificates.read(request_value(request.path))
            return certificates.with_certificate(
                actor,
                ShownByProxy(shown.der, is_verified=shown.verified),
                wanted=errand.wanted,
                in_browser=here,
            )
        if "auth_session" not in form:
            return self._rooms.sign_in.with_password(
                actor,
                form.get("username", ""),
                form.get("password", ""),
                wanted=errand.wanted,
                in_browser=here,
                challenge=challenge_answer(),
            )
        return self._rooms.sign_in_steps.go_on(
            actor, form["auth_session"], step_of(form), in_browser=here
        )

    def _step_up(self, errand: Errand) -> AnyResponse | None:
        """Where somebody is signed in whose session is only too weak: the page of what is missing.
        Opening a page sends nobody a message: another site can open ours."""
        if errand.session is None:
            return None
        actor = Actor.account(
            errand.session.account_id, session_id=errand.session.id, origin=g.origin
        )
        here = self._forms.in_browser(keep=False)
        still = self._rooms.step_up.begin(actor, errand.session, errand.demand, in_browser=here)
        if still is None:
            return None
        if still.factors and still.factors[0].sends:
            return self._step(errand, still)
        return self.go_on_asking(errand, still)

    def _known(self, errand: Errand) -> dict[str, str]:
        """Who is to prove everything again, else whom the application expects."""
        if errand.session is None:
            return {"username": errand.hint}
        return {"username": self._rooms.accounts.get(errand.session.account_id).username}

    def go_on_asking(self, errand: Errand, still: StillOwes) -> AnyResponse:
        """The page of the next step; the factor that is asked for first is begun unasked."""
        if "poll" in request.form and still.begun is not None:
            return self._step(errand, still, message=translator().text(NotApprovedYet.public))
        if not still.factors or still.begun is not None or still.owed is Owed.ENROL_FACTOR:
            return self._step(errand, still)
        return self._begin(errand, still, still.factors[0].value)

    def _begin(self, errand: Errand, still: StillOwes, factor: str, **values: Any) -> Response:
        """The page of a factor, with the challenge that it needs."""
        begin = Step(factor=factor, begin=True)
        secret = still.auth_session.reveal()
        try:
            self._rooms.sign_in_steps.go_on(
                Actor.anonymous(g.origin), secret, begin, in_browser=self._forms.in_browser()
            )
        except OwesMore as refusal:
            return self._step(errand, refusal.still, **values)
        except Refusal as refusal:  # it can't be begun just now; there may be others
            return self._step(errand, still, **(values or told(refusal)))
        raise AssertionError("beginning a factor ended a sign-in")

    def _ask_again(self, errand: Errand, refusal: Refusal) -> Response:
        again = told(refusal)
        if isinstance(refusal, WrongFactor) and "code" in request.form:
            again = {"faults": {"code": again["message"]}}  # where it was typed
        if "auth_session" not in request.form:
            forget = to_forget(self._rooms, refusal, request.form.get("credential", ""))
            typed = request.form if request.method == "POST" else self._known(errand)
            return self._ask(errand, typed=typed, forget=forget, **again)
        try:
            # The step was refused and is still owed: its secret was not spent.
            still = self._rooms.sign_in_steps.look(
                request.form["auth_session"], in_browser=self._forms.in_browser()
            )
        except InteractionOver:
            return self._ask(errand, typed=request.form, **again)
        factor = request.form.get("factor", "")
        # A person is not asked again on another device because the answer was a no.
        if factor in still.factors and not isinstance(refusal, NotApproved):
            return self._begin(errand, still, factor, **again)
        return self._step(errand, still, **again)

    def _step(self, errand: Errand, still: StillOwes, **values: Any) -> Response:
        values = {"faults": {}, "message": "", **values}
        return html(
            f"login/owed_{still.owed.value}.html",
            handle=errand.handle,
            still=still,
            owed=still.owed.value,
            auth_session=still.auth_session.reveal(),
            put_off_until=self._last_day(still),
            trust_days=self._rooms.settings.trust_device_days,
            typed={},
            known=self._known(errand)["username"] if errand.session else "",
            somebody_else=errand.as_somebody_else,
            **values,
        )

    def _last_day(self, still: StillOwes) -> str:
        """Until when the step may be put off, as the reader counts; '' where it may not."""
        if still.put_off_until is None:
            return ""
        return Moments("UTC", now=self._rooms.clock.now()).on(still.put_off_until)

    def _ask(self, errand: Errand, **values: Any) -> Response:
        values = {"faults": {}, "message": "", "forget": None, **values}
        name_first = self._rooms.settings.sign_in_steps == 2
        knows = errand.session is not None and values["typed"] == self._known(errand)
        is_open = self._rooms.settings.registration is Registration.OPEN
        # The second page comes for every name, whether it is known or not.
        asks_name = not (values["typed"].get("username") and (name_first or knows))
        named = "" if asks_name else values["typed"]["username"]
        return html(
            "login/sign_in.html",
            passkey=asked_here(self._rooms, self._forms, named),
            client_name=errand.client_name,
            handle=errand.handle,
            asks_name=asks_name,
            somebody_else="" if asks_name else errand.as_somebody_else,
            asks_password=not name_first or bool(values["typed"].get("username")),
            asks_certificate=self._rooms.certificate_sign_in is not None,
            asks_to_keep=self._rooms.settings.keep_signed_in is KeepSignedIn.ASK,
            sign_in_path=SIGN_IN_PATH,
            forgot_path=FORGOT_PATH,
            mail_path=MAIL_SIGN_IN_PATH if self._rooms.mail_sign_in else "",
            sign_up_path=SIGN_UP_PATH if is_open else "",
            **values,
        )


def step_of(form: Mapping[str, str]) -> Step:
    """What was typed into the page of a step, or signed by the browser."""
    signed = form.get("credential", "")
    proves = bool(signed) or "code" in form
    return Step(
        new_password=form.get("new_password"),
        token=form.get("token"),
        resend="resend" in form,
        factor=form.get("begin") or form.get("factor"),
        begin="begin" in form,
        given=Given(code=form.get("code", ""), credential=json_object(signed)) if proves else None,
        name=form.get("name", ""),
        poll="poll" in form,
        trust_device="trust_device" in form,
        keep="keep" in form,
        not_now="not_now" in form,
    )
