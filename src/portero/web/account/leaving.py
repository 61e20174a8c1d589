"""Deleting the account, with a while in which it can still be kept."""

from __future__ import annotations

from flask import Response, request

from portero.core.accounts.names import normalised_username
from portero.kit.refusals import FieldFault, Invalid
from portero.web.account.console import Console, Visit
from portero.web.host import translator
from portero.web.pages import html
from portero.web.places import SIGN_IN_PATH


class NotTheirName(Invalid):
    """What was typed to confirm it is not the account's name."""

    code = "not_confirmed"


def mount(console: Console) -> None:
    console.page("/data/delete", _show, _leave, here="/data", fresh=True)


def _show(visit: Visit) -> Response:
    span = visit.rooms.account_admin.cooling_off
    return visit.html("account/delete.html", cooling_off=translator().span(span) if span else "")


def _leave(visit: Visit) -> Response:
    if not _is_name(request.form.get("confirm", ""), visit.account.username_key):
        fault = FieldFault("confirm", "not_yours", "This is not your username.")
        raise NotTheirName("another name was typed", faults=(fault,))
    span = visit.rooms.account_admin.leave(visit.actor, visit.account.id)
    text = translator().text
    if not span:
        return html("login/done.html", message=text("Your account is deleted."), sign_in="")
    words = {"time": translator().span(span)}
    message = text("Your account will be deleted in %(time)s. Sign in before, to keep it.", **words)
    return html("login/done.html", message=message, sign_in=SIGN_IN_PATH)


def _is_name(typed: str, key: str) -> bool:
    try:
        return normalised_username(typed).key == key
    except Invalid:
        return False
