"""The page where a person types the code of a device, sees who asks for what, and decides.

The code may come with the address (`verification_uri_complete`): then it is filled in, and asked
for all the same, because whoever sent the link may be somebody else (RFC 8628 §5.4). Opening the
page looks nothing up, so that no image on another site can use up somebody's tries.
"""

from __future__ import annotations

from flask import Flask, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from portero.core.audit import Actor
from portero.core.provider.authorize.rules import is_assured
from portero.core.provider.device import DeviceAsked, UserCodeUnknown, shown, typed
from portero.core.provider.polling import FreshSignInNeeded
from portero.core.sessions import Session
from portero.web.forms import Forms, FormTooOld
from portero.web.host import translator
from portero.web.oidc.wants import wants_of
from portero.web.pages import described_at, html, name_of, refused, told
from portero.web.places import DEVICE_PAGE_PATH, sign_in_for
from portero.web.present import present
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def device() -> AnyResponse:
        code = request.values.get("user_code", "")[:64]
        session = present(rooms, forms)
        if session is None:
            return redirect(rooms.settings.at(_sign_in_url(code)), 303)
        if request.method != "POST":
            return _ask_for_code(code)
        try:
            forms.check()
            return _answer(session, code, request.form.get("decision", ""))
        except FreshSignInNeeded as refusal:
            return redirect(rooms.settings.at(_sign_in_url(code, refusal)), 303)
        except (FormTooOld, UserCodeUnknown) as refusal:
            return refused(_ask_for_code(code, fault=told(refusal)["message"]), refusal)

    def _answer(session: Session, code: str, decision: str) -> Response:
        actor = Actor.account(session.account_id, session_id=session.id, origin=g.origin)
        devices = rooms.provider.devices
        if decision not in {"allow", "deny"}:
            return _ask_to_agree(devices.look(actor, session, code), session)
        agreed = decision == "allow"
        devices.decide(actor, session, code, agreed=agreed)
        text = translator().text
        message = text("Your device is connected.") if agreed else text("The device was refused.")
        return html("login/done.html", message=message, sign_in="")

    def _ask_for_code(code: str, *, fault: str = "") -> Response:
        known = typed(code)
        return html(
            "oidc/device_code.html",
            typed={"user_code": shown(known) if known else code},
            faults={"user_code": fault} if fault else {},
        )

    def _ask_to_agree(asked: DeviceAsked, session: Session) -> Response:
        return html(
            "oidc/device_consent.html",
            client_name=name_of(asked.client),
            described_at=described_at(asked.client),
            username=rooms.accounts.get(session.account_id).username,
            wants=wants_of(rooms.provider, scope=asked.scope, resources=asked.resources),
            assured=is_assured(asked.client),
            user_code=asked.user_code,
            session=session.id,
        )

    host.add_url_rule(
        DEVICE_PAGE_PATH, endpoint="oidc.device", view_func=device, methods=["GET", "POST"]
    )


def _sign_in_url(code: str, refusal: FreshSignInNeeded | None = None) -> str:
    """And back: `device` is a place of ours by name, and only a code can follow it."""
    known = typed(code)
    place = f"device.{shown(known)}" if known else "device"
    if refusal is None:
        return sign_in_for(place)
    return sign_in_for(
        place, acr=refusal.acr, second_factor=refusal.second_factor, fresh=refusal.too_old
    )
