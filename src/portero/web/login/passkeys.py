"""What the sign-in page needs to ask a browser for a passkey."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response

from portero.core.login.errors import UnknownPasskey
from portero.kit.refusals import Refusal
from portero.web.exchange import JSON_TYPE, json_body
from portero.web.forms import Forms
from portero.web.places import PASSKEY_OPTIONS_PATH
from portero.web.rooms import Rooms


def mount(host: Flask, rooms: Rooms, forms: Forms) -> None:
    def again() -> Response:
        """New options for a page that has been open for long."""
        forms.token()
        asked = rooms.passkey_sign_in.options(forms.browser())["public_key"]
        return Response(json_body(asked), content_type=JSON_TYPE)

    host.add_url_rule(
        PASSKEY_OPTIONS_PATH, endpoint="login.passkey_options", view_func=again, methods=["GET"]
    )


def asked_here(rooms: Rooms, forms: Forms, username: str) -> Mapping[str, Any] | None:
    """The options for the present browser, which only this browser's answer fits; None where nobody
    signs in so."""
    if not rooms.passkey_sign_in.is_on:
        return None
    forms.token()  # a browser without a cookie has one from here on
    options: Mapping[str, Any] = rooms.passkey_sign_in.options(forms.browser(), username=username)
    return {"public_key": options["public_key"], "again": PASSKEY_OPTIONS_PATH}


def to_forget(rooms: Rooms, refusal: Refusal, signed: str) -> Mapping[str, str] | None:
    """What the browser is told when it offered a passkey that is none (any more)."""
    if not isinstance(refusal, UnknownPasskey) or rooms.passkeys is None:
        return None
    return {"rpId": rooms.passkeys.party.id, "credentialId": str(json.loads(signed)["id"])}
