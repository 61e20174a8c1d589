"""One table of routes: what each takes, answers, demands and can refuse.

The table is mounted on Flask, and the OpenAPI document, the reference and the tests of who may
call what are made from the same rows, so none of them can forget a route.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from flask import Response
from pydantic import BaseModel

from portero.core.audit import Actor
from portero.kit.refusals import Refusal
from portero.web.rooms import Rooms
from portero_guard.checks import CheckedToken

M = TypeVar("M", bound=BaseModel)


class Access(Enum):
    """Who may call: anybody; whoever shows a good token; or the first-party client alone."""

    PUBLIC = "public"
    ANY_CLIENT = "any_client"
    FIRST_PARTY = "first_party"


@dataclass(frozen=True, slots=True)
class Call:
    """One call, checked: the token where the route demands one, the body where it takes one."""

    rooms: Rooms
    actor: Actor
    token: CheckedToken | None
    body: BaseModel | None
    by_cookie: bool = False

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


@dataclass(frozen=True, slots=True)
class Route:
    """A row. `path` is Flask's (`<name>`); `fresh_seconds` demands a recent sign-in. `renews`: it
    hands out tokens for tokens, which a server that issues no bearer tokens does not."""

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
