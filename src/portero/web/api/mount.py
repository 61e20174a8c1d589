"""Mounting the table on Flask: the token, the body, the verb, the answer, in that order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Flask, Response, g, jsonify, request
from pydantic import BaseModel, ValidationError

from portero.core.audit import Actor
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.sessions import SessionEnded
from portero.kit.refusals import (
    FieldFault,
    Forbidden,
    Invalid,
    Missing,
    Refusal,
    Unsupported,
)
from portero.web.api.registry import Access, Answer, Call, Route
from portero.web.browser import TokenCookies
from portero.web.exchange import log_refusal
from portero.web.host import problem_response, translator
from portero.web.problems import problem_type
from portero.web.rooms import Rooms
from portero_guard.checks import CheckedToken, require_recent
from portero_guard.errors import Refused, TokenRefused, challenge


class NotJson(Invalid):
    """The body is not a JSON object."""

    code = "not_json"
    public = "Send a JSON object."


class NotSaidToBeJson(Unsupported):
    """Another Content-Type: a form of another site can send those, JSON it can't."""

    code = "unsupported_media_type"
    public = "Send JSON, with Content-Type: application/json."


class NotFirstParty(Forbidden):
    """A good token of another application, which has no business here."""

    code = "not_first_party"
    public = "This belongs to the account itself. Another application's token can't be used for it."


class SignInApiOff(Missing):
    """PORTERO_PASSWORD_API=off."""

    code = "password_api_off"
    public = "Signing in by this API is turned off here."


def mount(host: Flask, rooms: Rooms, routes: Sequence[Route]) -> None:
    """Add every route; a refused token is answered as RFC 6750 §3 says."""
    cookies = TokenCookies(rooms.settings.issuer)
    host.extensions["portero_cookies"] = cookies
    host.register_error_handler(Refused, _token_refused)
    for route in routes:
        host.add_url_rule(
            route.path,
            endpoint=f"api.{route.name}",
            view_func=_view(rooms, route, cookies),
            methods=[route.method],
        )


def _view(rooms: Rooms, route: Route, cookies: TokenCookies) -> Any:
    def view(**path: str) -> Response:
        if route.sign_in_api and not rooms.settings.password_api:
            raise SignInApiOff("PORTERO_PASSWORD_API=off")
        if route.renews and not rooms.settings.bearer_tokens:
            raise SignInApiOff("PORTERO_PROFILE forbids bearer tokens")
        token = _token(rooms, route, cookies)
        if any("\0" in part for part in path.values()):
            raise Missing("a NUL in the path: it names nothing, and PostgreSQL refuses to look")
        body = None if route.body is None else _body(route.body)
        actor = _actor(token)
        by_cookie = token is not None and "Authorization" not in request.headers
        return _rendered(route, route.view(Call(rooms, actor, token, body, by_cookie), **path))

    return view


def _token(rooms: Rooms, route: Route, cookies: TokenCookies) -> CheckedToken | None:
    if route.access is Access.PUBLIC:
        return None
    checked = rooms.provider.tokens.admit(cookies.head(request), cookie_name=cookies.access_name)
    if route.access is Access.FIRST_PARTY:
        if checked.client_id != FIRST_PARTY_CLIENT_ID:
            raise NotFirstParty(f"a token of client {checked.client_id}")
        _require_live(rooms, checked)
    if route.fresh_seconds is not None:
        require_recent(checked, max_age_seconds=route.fresh_seconds, now=rooms.clock.now())
    return checked


def _require_live(rooms: Rooms, checked: CheckedToken) -> None:
    """What changes an account asks the database itself: an end counts here from its commit on, in
    whichever process it was (decision "How fast an end is seen")."""
    try:
        rooms.sessions.find_live(checked.subject, checked.session_id or "")
    except SessionEnded as error:
        raise TokenRefused("its session or account ended") from error


def _actor(token: CheckedToken | None) -> Actor:
    if token is None:
        return Actor.anonymous(g.origin)
    return Actor.account(
        token.subject,
        session_id=token.session_id or "",
        client_id=token.client_id,
        origin=g.origin,
    )


def _body(model: type[BaseModel]) -> BaseModel:
    raw = request.get_data()
    if not raw and not any(field.is_required() for field in model.model_fields.values()):
        return model()
    if request.mimetype != "application/json":
        raise NotSaidToBeJson(f"Content-Type: {request.mimetype}")
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _invalid(error) from None  # the original holds what was typed


def _invalid(error: ValidationError) -> Refusal:
    faults = []
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        if fault["type"] in {"json_invalid", "model_type"} and not fault["loc"]:
            return NotJson(fault["type"])
        code, public = _FAULTS.get(fault["type"], _OTHER_FAULT)
        faults.append(FieldFault(".".join(str(part) for part in fault["loc"]), code, public))
    return Invalid("the body does not fit its shape", faults=tuple(faults))


_OTHER_FAULT = ("not_accepted", "This value is not accepted.")
_FAULTS = {
    "missing": ("required", "This field is needed."),
    "extra_forbidden": ("unknown_field", "There is no such field."),
    "string_type": ("not_text", "This must be text."),
    "string_too_long": ("too_long", "This is too long."),
    "bool_type": ("not_boolean", "This must be true or false."),
    "bool_parsing": ("not_boolean", "This must be true or false."),
    "literal_error": ("unknown_value", "This is none of the values to choose from."),
}


def _rendered(route: Route, answer: Answer) -> Response:
    if isinstance(answer, Response):
        return answer
    if answer is None:
        return Response(status=204)
    made = jsonify(answer.model_dump(mode="json", exclude_none=True))
    made.status_code = route.status
    return made


def _token_refused(refusal: Refused) -> Response:
    """The guard's refusal, as it would answer itself (RFC 6750 §3), in the caller's language."""
    code = refusal.error or "credentials_required"
    log_refusal(request.method, request.path, code, refusal.detail)
    content = {
        "type": problem_type(code),
        "title": translator().text(refusal.public),
        "status": refusal.status,
        "code": code,
        "request_id": g.origin.request_id,
    }
    headers = {"WWW-Authenticate": challenge(refusal)} if refusal.challenges else {}
    return problem_response(refusal.status, content, headers)
