"""Answering a row of the table: the token, the body, the verb, the answer, in that order. From a
request value to a response value, like a protocol endpoint."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ValidationError

from portero.core.audit import Actor, Origin
from portero.core.clients import FIRST_PARTY_CLIENT_ID
from portero.core.login.rules import API_BY_ACCOUNT
from portero.core.sessions import SessionEnded
from portero.kit.refusals import (
    FieldFault,
    Forbidden,
    Invalid,
    Missing,
    Refusal,
    Unsupported,
)
from portero.web.addresses import client_address
from portero.web.api.registry import Access, Answer, Call, Route, told
from portero.web.browser import TokenCookies
from portero.web.exchange import JSON_TYPE, Request, Response, log_refusal
from portero.web.problems import (
    extra_headers,
    problem_of,
    status_of,
    token_problem_of,
)
from portero.web.rooms import Rooms
from portero.web.standalone import StandalonePages
from portero_guard.checks import CheckedToken, require_recent
from portero_guard.errors import Refused, TokenRefused


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


class Api:
    """Answers any row of the table, for one house."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._cookies = TokenCookies(rooms.settings.issuer)
        self._pages = StandalonePages(rooms.settings)

    def answer(self, route: Route, request: Request, **path: str) -> Response:
        """A refused token is answered as RFC 6750 §3 says, any other refusal as a problem."""
        try:
            return _rendered(route, self._called(route, request, path))
        except Refusal as refusal:
            return self._refused(request, refusal)
        except Refused as refusal:
            return self._token_refused(request, refusal)

    def _called(self, route: Route, request: Request, path: dict[str, str]) -> Answer:
        settings = self._rooms.settings
        if route.sign_in_api and not settings.password_api:
            raise SignInApiOff("PORTERO_PASSWORD_API=off")
        if route.renews and not settings.bearer_tokens:
            raise SignInApiOff("PORTERO_PROFILE forbids bearer tokens")
        token = self._token(route, request)
        if any("\0" in part for part in path.values()):
            raise Missing("a NUL in the path: it names nothing, and PostgreSQL refuses to look")
        call = Call(
            rooms=self._rooms,
            request=request,
            actor=_actor(token, self._origin(request)),
            token=token,
            body=None if route.body is None else _body(route.body, request),
            cookies=self._cookies,
            translator=self._pages.translator,
        )
        return route.view(call, **path)

    def _token(self, route: Route, request: Request) -> CheckedToken | None:
        if route.access is Access.PUBLIC:
            return None
        head, cookie_name = self._cookies.head(request), self._cookies.access_name
        checked = self._rooms.provider.tokens.admit(head, cookie_name=cookie_name)
        if route.access is Access.FIRST_PARTY:
            if checked.client_id != FIRST_PARTY_CLIENT_ID:
                raise NotFirstParty(f"a token of client {checked.client_id}")
            self._require_live(checked)
        if route.fresh_seconds is not None:
            now = self._rooms.clock.now()
            require_recent(checked, max_age_seconds=route.fresh_seconds, now=now)
        if not route.at_once:  # it waits for nothing, so nobody waits for it
            self._rooms.volume.spend(API_BY_ACCOUNT, checked.subject)
        return checked

    def _require_live(self, checked: CheckedToken) -> None:
        """What changes an account asks the database itself: an end counts here from its commit on,
        in whichever process it was (decision "How fast an end is seen")."""
        try:
            self._rooms.sessions.find_live(checked.subject, checked.session_id or "")
        except SessionEnded as error:
            raise TokenRefused("its session or account ended") from error

    def _origin(self, request: Request) -> Origin:
        forwarded = request.header_lines("x-forwarded-for")
        proxies = self._rooms.settings.trusted_proxies
        return Origin(
            request_id=request.request_id,
            address=client_address(request.peer, forwarded, proxies),
            user_agent=request.header("user-agent") or "",
        )

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        translator = self._pages.translator(request)
        log_refusal(request.method, request.path, refusal.code, refusal.detail)
        status = status_of(refusal)
        content = problem_of(refusal, translator, request_id=request.request_id)
        headers = extra_headers(refusal)
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return self._pages.problem(request, content, headers)

    def _token_refused(self, request: Request, refusal: Refused) -> Response:
        translator = self._pages.translator(request)
        content, headers = token_problem_of(refusal, translator, request_id=request.request_id)
        log_refusal(request.method, request.path, content["code"], refusal.detail)
        return self._pages.problem(request, content, headers)


def _actor(token: CheckedToken | None, origin: Origin) -> Actor:
    if token is None:
        return Actor.anonymous(origin)
    return Actor.account(
        token.subject,
        session_id=token.session_id or "",
        client_id=token.client_id,
        origin=origin,
    )


def _body(model: type[BaseModel], request: Request) -> BaseModel:
    if not request.body and not any(field.is_required() for field in model.model_fields.values()):
        return model()
    media_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if media_type != JSON_TYPE:
        raise NotSaidToBeJson(f"Content-Type: {media_type}")
    try:
        return model.model_validate_json(request.body)
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


_OTHER_FAULT: Final = ("not_accepted", "This value is not accepted.")
_FAULTS: Final = {
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
        return Response(204)
    return told(answer, status=route.status)
