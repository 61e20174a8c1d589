"""What the pages of every face have in common: how one is made, how one says no, and what scopes,
applications and devices are called in the reader's language."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, render_template

from portero.core.challenges import ChallengeRequired
from portero.core.clients import Client
from portero.core.clients.model import CreatedBy
from portero.core.provider.authorize.model import Asked
from portero.kit.devices import device_of
from portero.kit.languages import in_language
from portero.kit.refusals import Refusal
from portero.protocol.oauth.scope_meanings import Scope
from portero.web.host import translator
from portero.web.problems import extra_headers, status_of, when_again
from portero.web.rooms import FaceSettings


def html(template: str, **values: Any) -> Response:
    return Response(render_template(template, **values), content_type="text/html; charset=utf-8")


def refused(answer: Response, refusal: Refusal) -> Response:
    """The page with the refusal's status, and when to come again."""
    answer.status_code = status_of(refusal)
    answer.headers.update(extra_headers(refusal))
    return answer


def told(refusal: Refusal) -> dict[str, Any]:
    """`faults` by field, and `message` where no field is to blame, for a form that is shown
    again."""
    if isinstance(refusal, ChallengeRequired):
        g.puzzle = refusal.puzzle
    text = translator().text
    faults = {fault.name: text(fault.public, **fault.values) for fault in refusal.faults}
    message = f"{text(refusal.public, **refusal.values)} {when_again(refusal, translator())}"
    return {"faults": faults, "message": "" if faults else message.strip()}


def meaning_of(scope: Scope) -> str:
    """The operator's own words in the reader's language, else ours."""
    own = in_language(scope.sentences, translator().locale)
    return own or translator().text(scope.public.replace("%", "%%"))


def name_of(client: Client) -> str:
    """What the application calls itself, in the reader's language."""
    return client.name_in(translator().locale)


def name_of_device(user_agent: str) -> str:
    """What its owner would call it: "Firefox on Linux"."""
    device = device_of(user_agent)
    if device.browser and device.system:
        words = {"browser": device.browser, "system": device.system}
        return translator().text("%(browser)s on %(system)s", **words)
    return device.browser or device.system or translator().text("Unknown device")


def described_at(client: Client) -> str:
    """The host whose document says what the application is: its name is not to be relied on, but
    where the document lies can't be forged (CIMD §6). '' for one that is registered here."""
    return urlsplit(client.client_id).netloc if client.created_by == CreatedBy.DOCUMENT else ""


def made_for(settings: FaceSettings, asked: Asked) -> None:
    """Have the present page speak and look as this application's request wants, and lead back to
    it."""
    g.forms_lead_out = True
    g.locales = asked.request.ui_locales
    g.look = settings.looks.of_client(asked.client.client_id)
