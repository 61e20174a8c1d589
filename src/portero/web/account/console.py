"""What every page of the account console has in common.

    console.page("/profile", show, change, here="/profile")
    console.action("/sessions/end", end, again=show, page="/sessions", here="/sessions")

`show(visit)` answers with `visit.html(template, ...)`. `act(visit)` calls a verb and answers with
`Done(sentence)`, upon which the browser is sent back to the page that then says so; or with a
response of its own. A refusal shows the page again, with its faults beside their fields.
`fresh=True` is for what nobody may do in a browser that was left open: it asks for a proof that is
younger than a quarter of an hour, with a second factor where there is one, and comes back to the
page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.accounts.model import Account
from portero.core.audit import Actor
from portero.core.sessions import Session
from portero.kit.refusals import Missing, Refusal
from portero.web.account.told import Done, Told
from portero.web.forms import Forms
from portero.web.host import translator
from portero.web.moments import Moments
from portero.web.pages import html, refused, told
from portero.web.places import ACCOUNT_PATH, SIGN_OUT_PATH, sign_in_and_back
from portero.web.present import present
from portero.web.rooms import Rooms
from portero_guard.errors import CrossSite


@dataclass(slots=True)
class Visit:
    """One request of somebody who is signed in. `here` is the address in the navigation that the
    page belongs to; the rest is what its form is filled with when it is shown again."""

    rooms: Rooms
    forms: Forms
    session: Session
    account: Account
    here: str
    done: str = ""
    message: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        return Actor.account(self.account.id, session_id=self.session.id, origin=g.origin)

    @property
    def moments(self) -> Moments:
        return Moments(self.account.zoneinfo, now=self.rooms.clock.now())

    def place_of(self, address: str) -> str:
        """Where that is, as far as the operator's file knows; '' else."""
        return self.rooms.place_of(address, translator().locale)

    def named(self, field: str, *, longest: int = 64) -> str:
        """The id that the form or the address has in that field; '' for none, and for text that is
        no id and that PostgreSQL would choke on (NUL)."""
        given = request.values.get(field, "")
        return given if len(given) <= longest and given.isprintable() else ""

    def html(self, template: str, **values: Any) -> Response:
        return html(
            template,
            account=self.account,
            session=self.session.id,
            here=ACCOUNT_PATH + self.here,
            sign_out_path=SIGN_OUT_PATH,
            done=self.done,
            message=self.message,
            faults=self.faults,
            typed=self.typed,
            **values,
        )


Show = Callable[..., Response]
Act = Callable[..., Done | AnyResponse]


class Console:
    def __init__(self, host: Flask, rooms: Rooms, forms: Forms) -> None:
        self.rooms = rooms
        self._host = host
        self._forms = forms
        self._told = Told(keys=rooms.form_keys, issuer=rooms.settings.issuer)

    def page(
        self,
        path: str,
        show: Show,
        act: Act | None = None,
        *,
        here: str,
        fresh: bool = False,
        then: str | None = None,
    ) -> None:
        """A page at `path` below `/account`, and what its form does; it leads to the page `then`,
        or back to this one."""

        def view(**named: str) -> AnyResponse:
            visit = self._visit(here)
            if visit is None or (fresh and not self._is_fresh(visit)):
                return self._sign_in(request.path)
            if request.method == "POST" and act is not None:
                did = partial(act, visit, **named)
                after = request.path if then is None else ACCOUNT_PATH + then
                return self._acted(visit, did, partial(show, visit, **named), after)
            return self._shown(visit, partial(show, visit, **named))

        self._route(path, view, ["GET"] if act is None else ["GET", "POST"])

    def action(
        self, path: str, act: Act, *, again: Show, page: str, here: str, fresh: bool = False
    ) -> None:
        """A form that is on another page, to which its end leads: `page`, which `again` shows."""
        back = ACCOUNT_PATH + page

        def view(**named: str) -> AnyResponse:
            visit = self._visit(here)
            if visit is None or (fresh and not self._is_fresh(visit)):
                return self._sign_in(back)
            return self._acted(visit, partial(act, visit, **named), partial(again, visit), back)

        self._route(path, view, ["POST"])

    def _visit(self, here: str) -> Visit | None:
        session = present(self.rooms, self._forms)
        if session is None:
            return None
        account = self.rooms.accounts.get(session.account_id)
        if account.locale:
            g.locales = (account.locale,)
        return Visit(self.rooms, self._forms, session, account, here)

    def _is_fresh(self, visit: Visit) -> bool:
        return self.rooms.step_up.is_enough(visit.session)

    def _sign_in(self, back: str) -> AnyResponse:
        return redirect(self.rooms.settings.at(sign_in_and_back(back)), 303)

    def _shown(self, visit: Visit, show: Callable[[], Response]) -> Response:
        waiting = self._told.take(self._forms.browser())
        if waiting:
            visit.done = translator().text(waiting)
        answer = show()
        if waiting:
            answer.headers.extend(self._told.forget())
        return answer

    def _acted(
        self,
        visit: Visit,
        act: Callable[[], Done | AnyResponse],
        show: Callable[[], Response],
        after: str,
    ) -> AnyResponse:
        try:
            self._forms.check()
            ended = act()
        except (CrossSite, Missing):
            raise  # nobody's form, or nobody's thing: there is nothing to fill in again
        except Refusal as refusal:
            again = told(refusal)
            visit.faults, visit.message = again["faults"], again["message"]
            visit.typed = request.form
            return refused(show(), refusal)
        if not isinstance(ended, Done):
            return ended
        place = ACCOUNT_PATH + ended.page if ended.page else after
        answer = redirect(self.rooms.settings.at(place), 303)
        answer.headers.extend(self._told.put(ended, self._forms.browser()))
        return answer

    def _route(self, path: str, view: Callable[..., AnyResponse], methods: list[str]) -> None:
        endpoint = "account" + (path.replace("/", ".") or ".home")
        self._host.add_url_rule(
            ACCOUNT_PATH + path, endpoint=endpoint, view_func=view, methods=methods
        )
