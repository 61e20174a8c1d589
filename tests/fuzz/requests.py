"""Requests made by Schemathesis from our own OpenAPI document, and what must hold of each answer.

A request is sent by each kind of caller that its route may meet. Half of those that name a session,
a factor or a step of a sign-in name one that is there: chance never finds it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any, Final

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from portero.core.audit import Actor
from tests.support.house import PASSWORD, Home, basic, bearer
from tests.support.passkeys import AT_A_DOMAIN, enrol, session_of

SETTINGS: Final = {
    **AT_A_DOMAIN,
    "PORTERO_MAIL_SIGN_IN": "on",
    # Calls of one account are made as fast as this machine can.
    "PORTERO_LIMITS": "api_by_account=1000000/60",
}
# That a good shape is refused for what it says (a short password), and that a header which nobody
# reads changes nothing, are no faults; who may call what is tested by `tests/http`.
_CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_NOBODY, _ANOTHER, _PLAIN, _STRONG = "nobody", "another application", "an account", "with a passkey"


class Callers:
    """Who calls: their tokens, made anew when a request has ended them."""

    def __init__(self, home: Home) -> None:
        service = {"grant_types": ["client_credentials"], "scope": "reports:read"}
        made = home.house.clients.create(Actor.operator(), {**service, "redirect_uris": []})
        assert made.secret is not None
        self._home = home
        self._service = basic(made.client.client_id, made.secret.reveal())
        self._tokens: dict[str, str] = {_NOBODY: ""}
        self.username = self.refresh_token = ""

    def head(self, caller: str) -> dict[str, str]:
        if caller not in self._tokens:
            self._tokens[caller] = (
                self._service_token() if caller == _ANOTHER else self._own(caller)
            )
        return bearer(self._tokens[caller])

    def renew(self, caller: str) -> None:
        """Another token, if the one that there is does nothing any more."""
        if caller in {_PLAIN, _STRONG}:
            path = "/me/authenticators"
            answer = self._home.client().get(path, headers=self.head(caller)).get_json()
            if len(answer.get("authenticators", "no longer")) != (caller == _STRONG):
                del self._tokens[caller]
        elif caller == _ANOTHER:
            self._tokens.pop(caller, None)

    def ask(self, path: str, **body: Any) -> Any:
        answer = self._home.client().post(path, json=body, headers=self.head(_PLAIN))
        return answer.get_json()

    def listed(self, path: str, what: str) -> str:
        """The id of one of the account's own."""
        answer = self._home.client().get(path, headers=self.head(_STRONG)).get_json()
        return next((each["id"] for each in answer.get(what, ())), "none")

    def _service_token(self) -> str:
        form = {"grant_type": "client_credentials"}
        answer = self._home.client().post("/oauth/token", data=form, headers=self._service)
        return str(answer.get_json()["access_token"])

    def _own(self, caller: str) -> str:
        self.username = name = token_hex(8)  # Hypothesis tries what stands in our source
        account = self._home.create(name, f"{name}@example.org")
        session = session_of(self._home, name)
        if caller == _STRONG:
            enrol(self._home, username=name, session=session)
        rooms = self._home.house.rooms
        lifted = rooms.sessions.find_live(account.id, session.id)
        made = rooms.provider.session_grant.redeem(Actor.operator(), lifted, account)
        assert made.refresh_token is not None
        self.refresh_token = made.refresh_token.reveal()
        return made.access_token.reveal()


# Whether the values of a request are all made up; or some are real; or those are all that it has.
_REAL: Final = ("", "some", "alone")
_ALONE: Final = _REAL[-1]
# What names something that is there: `live[name]()`.
Live = dict[str, Callable[[], Any]]


def _live(callers: Callers) -> Live:
    return {
        "auth_session": lambda: callers.ask("/login/step-up").get("auth_session"),
        "mail_session": lambda: callers.ask("/login/mail", username=callers.username).get(
            "mail_session"
        ),
        "refresh_token": lambda: callers.refresh_token,
        "username": lambda: callers.username,
        "password": lambda: PASSWORD,
        "current_password": lambda: PASSWORD,
        "kind": lambda: "totp",
        "factor": lambda: "passkey",
        "session_id": lambda: callers.listed("/me/sessions", "sessions"),
        "authenticator_id": lambda: callers.listed("/me/authenticators", "authenticators"),
    }


@dataclass
class Sent:
    """The answers by operation and status, and what was wrong with some."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The count in a line for each operation."""
        for label in dict.fromkeys(label for label, _ in self.answers):
            found = {
                status: n for (each, status), n in sorted(self.answers.items()) if each == label
            }
            yield f"{label}: " + ", ".join(f"{n} x {status}" for status, n in found.items())


def send_all(home: Home, *, examples: int, number: int) -> Sent:
    """Send what that seed makes, so many examples for each operation, of the shape that the
    document says and of another."""
    callers, sent = Callers(home), Sent()
    schema = schemathesis.openapi.from_dict(home.get("/api/openapi.json").get_json())
    schema.app = home.app
    for found in schema.get_all_operations():
        operation: APIOperation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            home.clock.let_pass(hours=1)  # new tries of every limit; what waited has expired
            for caller in (_ANOTHER, _PLAIN, _STRONG):
                callers.renew(caller)
            _send_each(home, operation, mode, callers, sent, examples=examples, number=number)
    return sent


def _send_each(
    home: Home,
    operation: APIOperation,
    mode: GenerationMode,
    callers: Callers,
    sent: Sent,
    *,
    examples: int,
    number: int,
) -> None:
    """An operation that needs no token has one caller, and as many requests more."""
    public = "security" not in operation.definition.raw
    kinds = (_NOBODY,) if public else (_NOBODY, _ANOTHER, _PLAIN, _STRONG)

    @seed(number)
    @settings(
        max_examples=examples * 4 // len(kinds),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=st.sampled_from(_REAL))
    def send(case: Case, real: str) -> None:
        for caller in kinds:
            _send(home, case, callers, caller, sent, real=real)

    send()


def _send(home: Home, case: Case, callers: Callers, caller: str, sent: Sent, *, real: str) -> None:
    """Faults are kept and not raised: what is there changes, so no fault is one that Hypothesis
    could make smaller."""
    if real:
        _name_what_is_there(case, _live(callers), alone=real == _ALONE)
    answer = case.call(headers=callers.head(caller), base_url=home.house.settings.issuer)
    sent.answers[case.operation.label, answer.status_code] += 1
    try:
        case.validate_response(answer, checks=_CHECKS)
    except (FailureGroup, Failure) as fault:
        sent.faults.append(f"{case.operation.label} by {caller}: {fault}")
    ended = answer.status_code < 300 and case.method in {"POST", "DELETE"}
    if answer.status_code == 401 or ended:
        callers.renew(caller)


def _name_what_is_there(case: Case, live: Live, *, alone: bool) -> None:
    for values in (case.body, case.path_parameters):
        if not isinstance(values, dict):
            continue
        for name in list(values):
            if name in live:
                values[name] = live[name]()
            elif alone and values is case.body:
                del values[name]
