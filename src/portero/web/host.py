"""The Flask host of all pages and the JSON API: who asks, in which language, headers, errors.

The client's address comes from the socket, or from a proxy that the operator named; absolute
URLs come from the issuer alone, never from the request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from uuid_utils import uuid7
from werkzeug.exceptions import HTTPException

from portero.core.audit import Origin
from portero.kit.refusals import Refusal
from portero.kit.request_id import request_id
from portero.translations import Translator, translator_for
from portero.web import strict
from portero.web.addresses import client_address
from portero.web.bounded import MAX_FIELDS, BoundedRequest
from portero.web.closed import require_open
from portero.web.exchange import log_refusal
from portero.web.headers import page_headers
from portero.web.lazy_rule import LazyRule
from portero.web.problems import (
    PROBLEM_TYPE,
    extra_headers,
    problem_of,
    problem_type,
    status_of,
    token_problem_of,
)
from portero.web.rooms import FaceSettings, Rooms
from portero_guard.errors import Refused

log = logging.getLogger(__name__)

ROOMS: Final = "portero_rooms"

# What Flask refuses by itself, in our words.
_SENTENCES: Final = {
    404: "There is nothing here.",
    405: "This method is not for this address.",
    413: "This is too large.",
}
_OTHER_SENTENCE: Final = "The request was refused."
# Bytes. The longest honest body is a profile with its attributes, a tenth of it.
BODY_CAP: Final = 128 * 1024


class UnknownHost(Refusal):
    """The Host header names no host of ours (password-reset poisoning begins so)."""

    code = strict.UnknownHost.code
    public = strict.UnknownHost.public


class _Host(Flask):
    """Flask looks at seven functions of each request for whether they are coroutines: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def make_host(rooms: Rooms) -> Flask:
    """The Flask application, with headers and errors, and no route yet."""
    host = _Host("portero", static_folder=None, template_folder="templates", root_path=_here())
    host.url_rule_class = LazyRule
    host.extensions[ROOMS] = rooms
    host.request_class = BoundedRequest
    host.debug = False  # whatever FLASK_DEBUG says: it would show tracebacks
    host.config["MAX_FORM_PARTS"] = MAX_FIELDS
    # "//sign-in" is nobody's address. Flask would send it on to one that it makes from Host.
    host.url_map.merge_slashes = False
    host.json.sort_keys = False  # type: ignore[attr-defined]  # of the default JSON provider
    # Our front refuses more than that before; under another server this is the only cap.
    host.config["MAX_CONTENT_LENGTH"] = BODY_CAP
    proxies = rooms.settings.trusted_proxies

    hosts = strict.hosts_of(rooms.settings.allowed_hosts)

    @host.before_request
    def note_origin() -> None:
        asked = request.environ.get("portero.request_id") or uuid7().hex
        request_id.set(asked)
        g.origin = Origin(
            request_id=asked,
            address=client_address(
                request.environ.get("REMOTE_ADDR", ""),
                (request.environ.get("HTTP_X_FORWARDED_FOR", ""),),
                proxies,
            ),
            user_agent=request.headers.get("User-Agent", ""),
        )
        # Under another server than our front nobody has looked at Host yet.
        # Probes come by address.
        if request.path in strict.PROBE_PATHS:
            return
        if request.host.lower().encode("latin-1", "replace") not in hosts:
            raise UnknownHost(request.host[:100])
        require_open(rooms, request.path)

    host.after_request(_headers_for(rooms.settings))
    host.register_error_handler(Refusal, _refused)
    host.register_error_handler(Refused, _token_refused)
    host.register_error_handler(HTTPException, _http_error)
    host.register_error_handler(Exception, _crashed)
    return host


def translator() -> Translator:
    """The translator for this request: for what the application asked (`g.locales`, from
    `ui_locales`) before what the browser prefers."""
    found: Translator | None = g.get("translator")
    if found is None:
        rooms: Rooms = _rooms()
        wanted = [tag for tag, _ in request.accept_languages]
        found = g.translator = translator_for(
            [*g.get("locales", ()), *wanted, rooms.settings.default_locale]
        )
    return found


def problem_response(status: int, content: dict[str, Any], headers: dict[str, str]) -> Response:
    """The problem document; for a person in a browser, a page that says the same."""
    if "text/html" in request.headers.get("Accept", ""):
        page = render_template("error.html", problem=content)
        answer = Response(page, content_type="text/html; charset=utf-8")
    else:
        answer = jsonify(content)
        answer.content_type = PROBLEM_TYPE
    answer.status_code = status
    answer.headers.update(headers)
    return answer


def _rooms() -> Rooms:
    rooms: Rooms = current_app.extensions[ROOMS]
    return rooms


def _refused(refusal: Refusal) -> Response:
    log_refusal(request.method, request.path, refusal.code, refusal.detail)
    content = problem_of(refusal, translator(), request_id=g.origin.request_id)
    headers = extra_headers(refusal)
    if status_of(refusal) == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(status_of(refusal), content, headers)


def _token_refused(refusal: Refused) -> Response:
    request_id = g.origin.request_id
    content, headers = token_problem_of(refusal, translator(), request_id=request_id)
    log_refusal(request.method, request.path, content["code"], refusal.detail)
    return problem_response(refusal.status, content, headers)


def _http_error(error: HTTPException) -> Response:
    """What Flask itself refuses: no such page, wrong method, malformed body."""
    if error.response is not None and isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    code = (error.name or "error").lower().replace(" ", "_")
    headers = {k: v for k, v in error.get_headers() if k.lower() in {"allow", "retry-after"}}
    content = _plain_problem(code, _SENTENCES.get(status, _OTHER_SENTENCE), status)
    return problem_response(status, content, headers)


def _crashed(error: Exception) -> Response:
    log.exception("request failed: %s %s", request.method, request.path)
    content = _plain_problem("internal_error", "Something went wrong on our side.", 500)
    return problem_response(500, content, {})


def _plain_problem(code: str, title: str, status: int) -> dict[str, Any]:
    return {
        "type": problem_type(code),
        "title": translator().text(title),
        "status": status,
        "code": code,
        "request_id": g.origin.request_id if "origin" in g else "",
    }


def _headers_for(settings: FaceSettings) -> Callable[[Response], Response]:
    fixed = page_headers(hsts=settings.owns_host)

    def add(answer: Response) -> Response:
        lead_out, frames = g.get("forms_lead_out", False), g.get("frame_src", ())
        sources = g.get("widget_sources")
        named = fixed
        if lead_out or frames or sources:
            named = page_headers(
                hsts=settings.owns_host,
                forms_lead_out=lead_out,
                frame_src=frames,
                sources=sources,
            )
        # Not `setdefault`, which reads the whole list for each of them.
        present = {name.lower() for name in answer.headers.keys()}  # noqa: SIM118
        for name, value in named.items():
            if name.lower() not in present:
                answer.headers.add(name, value)
        return answer

    return add


def _here() -> str:
    return str(Path(__file__).parent)
