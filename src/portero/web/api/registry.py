"""One table of routes: what each takes, answers, demands and can refuse.

What answers, the OpenAPI document, the reference and the tests of who may call what are made from
the same rows, so none of them can forget a route.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from pydantic import BaseModel

from portero.core.audit import Actor
from portero.kit.refusals import Refusal
from portero.kit.values import quick_value
from portero.translations import Translator
from portero.web.browser import TokenCookies
from portero.web.exchange import JSON_TYPE, Request, Response
from portero.web.rooms import Rooms
from portero_guard.checks import CheckedToken

M = TypeVar("M", bound=BaseModel)


class Access(Enum):
    """Who may call: anybody; whoever shows a good token; or the first-party client alone."""

    PUBLIC = "public"
    ANY_CLIENT = "any_client"
    FIRST_PARTY = "first_party"


@quick_value
class Call:
    """One call, checked: the token where the route demands one, the body where it takes one."""

    rooms: Rooms
    request: Request
    actor: Actor
    token: CheckedToken | None
    body: BaseModel | None
    cookies: TokenCookies
    translator: Callable[[Request], Translator]

    @property
    def by_cookie(self) -> bool:
        """Whether the token came in its cookie. A request with an Authorization header is judged by
        that alone."""
        return self.token is not None and self.request.header("authorization") is None

    def text(self, message: str) -> str:
        """The sentence in the caller's language."""
        return self.translator(self.request).text(message)

    @property
    def delivery(self) -> str:
        """How new tokens go back: the way that the token of this call came."""
        return "cookie" if self.by_cookie else "body"

    def body_as(self, model: type[M]) -> M:
        """The body, typed. The route's row says which model it is."""
        if not isinstance(self.body, model):
            raise TypeError(f"the route takes no {model.__name__}")
        return self.body

    @property
    def account_id(self) -> str:
        return self._token.subject

    @property
    def session_id(self) -> str:
        return self._token.session_id or ""

    @property
    def _token(self) -> CheckedToken:
        if self.token is None:
            raise TypeError("a public route has no token")
        return self.token


Answer = BaseModel | Response | None


def told(answer: BaseModel, *headers: tuple[str, str], status: int = 200) -> Response:
    """The answer as JSON, without the members that are None."""
    body = answer.model_dump_json(exclude_none=True).encode()
    return Response(status, body, (("Content-Type", JSON_TYPE), *headers))


@dataclass(frozen=True, slots=True)
class Route:
    """A row. `path` may have parts that vary (`<name>`); `fresh_seconds` demands a recent sign-in.
    `renews`: it hands out tokens for tokens, which a server that issues no bearer tokens does not.
    `at_once`: beside its token it needs nothing that it would have to wait for (`Endpoint`)."""

    method: str
    path: str
    name: str
    summary: str
    view: Callable[..., Answer]
    access: Access = Access.PUBLIC
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    fresh_seconds: int | None = None
    refusals: tuple[type[Refusal], ...] = ()
    sign_in_api: bool = False
    renews: bool = False
    at_once: bool = False

    @property
    def varies(self) -> bool:
        return "<" in self.path
