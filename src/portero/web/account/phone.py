"""Giving or changing a phone number, proven by a code that is sent there."""

from __future__ import annotations

from flask import Response, request

from portero.core.factors.one_time_code.phone import PhoneProofs
from portero.web.account.console import Console, Visit
from portero.web.account.told import Done


def mount(console: Console) -> None:
    phone = console.rooms.phone
    if phone is None:
        return  # no text message leaves this house

    def ask(visit: Visit) -> Response:
        return _ask(visit, phone)

    def prove(visit: Visit) -> Done:
        code = request.form.get("code", "")[:32]
        phone.prove(visit.actor, visit.account.id, visit.session.id, code)
        return Done("Your phone number is confirmed.")

    # A number is a way into accounts elsewhere, and perhaps into this one.
    console.page("/profile/phone", _show, ask, here="/profile", fresh=True)
    console.action(
        "/profile/phone/code", prove, again=_show_code, page="/profile", here="/profile", fresh=True
    )


def _show(visit: Visit) -> Response:
    return visit.html("account/phone.html")


def _ask(visit: Visit, phone: PhoneProofs) -> Response:
    number = request.form.get("phone", "")[:64]
    shown = phone.ask(visit.actor, visit.account, visit.session.id, number)
    return visit.html("account/phone_code.html", to=shown["to"])


def _show_code(visit: Visit) -> Response:
    return visit.html("account/phone_code.html", to="")
