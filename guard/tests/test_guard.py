"""The guard as a whole: its start, its memory, opaque tokens, and where a token may stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from guard.tests.local_issuer import AUDIENCE, NOW, SECRET, LocalIssuer, Moving, claims
from portero_guard import CheckedToken, ConfigurationError, Credentials, Demand, Guard, Issuer
from portero_guard.credentials import RequestHead, cookie_values, shown_by
from portero_guard.errors import (
    AuthenticationInsufficient,
    CrossSite,
    IssuerUnreachable,
    NoCredentials,
    Refused,
    RequestRefused,
    ScopeMissing,
    TokenExpired,
    TokenRefused,
    answer,
)

HOST = "__Host-portero_at"


def head(*authorization: str, **more: Any) -> RequestHead:
    base = RequestHead("GET", "https", "api.example", tuple(authorization))
    return replace(base, **more)


# --- the start


@pytest.mark.parametrize("audience", ["", None, ["a"]])
def test_no_start_without_an_audience(audience: Any) -> None:
    """Else a token for any API would open this one. (CVE-2026-55689.)"""
    with pytest.raises(ConfigurationError, match="audience"):
        Guard(issuers="https://id.example", audience=audience)


@pytest.mark.parametrize("issuers", [[], "", "http://id.example", "https://id.example/?x", "id"])
def test_no_start_with_an_unsafe_issuer(issuers: Any) -> None:
    """None, plain http over the network, or no URL."""
    with pytest.raises(ConfigurationError):
        Guard(issuers=issuers, audience="a")


def test_the_environment_is_enough() -> None:
    """The audience defaults to the issuer's /api, as Portero's own default."""
    environ = {"PORTERO_ISSUER": "https://id.example"}
    assert Guard.from_env(environ).audience == "https://id.example/api"
    assert Guard.from_env(environ | {"PORTERO_API_AUDIENCE": "x"}).audience == "x"
    with pytest.raises(ConfigurationError, match="PORTERO_ISSUER"):
        Guard.from_env({})


def test_secrets_do_not_print() -> None:
    """Configuration is what people log when it does not work."""
    assert SECRET not in repr(Issuer("https://x", introspection=Credentials("c", SECRET)))


# --- the memory of checked tokens


def test_a_second_look_costs_no_signature(guard: Guard, issuer: LocalIssuer) -> None:
    """The very same object comes back."""
    made = issuer.token()
    assert guard.check(made) is guard.check(made)


def test_a_remembered_token_expires(guard: Guard, issuer: LocalIssuer, moving: Moving) -> None:
    """At exp and the leeway of 5 seconds, and with the words that say so."""
    made = issuer.token(exp=int(NOW.timestamp()) + 60)
    guard.check(made)
    moving.advance(64)
    guard.check(made)
    moving.advance(1)
    with pytest.raises(TokenExpired):
        guard.check(made)


def test_a_token_remembered_for_one_api_does_not_open_another(
    guard: Guard, issuer: LocalIssuer
) -> None:
    """The audience is part of what was checked."""
    made = issuer.token()
    guard.check(made)
    with pytest.raises(TokenRefused):
        guard.check(made, audience="https://api.example/other")


def test_another_spelling_is_not_the_remembered_token(guard: Guard, issuer: LocalIssuer) -> None:
    """The exact text is the key."""
    made = issuer.token()
    guard.check(made)
    with pytest.raises(TokenRefused):
        guard.check(made + "=")


def test_revocation_is_asked_at_every_look(issuer: LocalIssuer, moving: Moving) -> None:
    """`still_valid` can end a token that is remembered, and one that is new."""
    revoked: set[str] = set()

    def still_valid(checked: CheckedToken, now: datetime) -> bool:
        return checked.claims["jti"] not in revoked

    guard = Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, still_valid=still_valid)
    old, new = issuer.token(jti="old"), issuer.token(jti="new")
    guard.check(old)
    revoked |= {"old", "new"}
    for made in (old, new):
        with pytest.raises(TokenRefused):
            guard.check(made)


def test_the_memory_is_bounded(issuer: LocalIssuer, moving: Moving) -> None:
    """The least recently used goes first."""
    guard = Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, cache_tokens=2)
    a, b, c = (issuer.token(jti=name) for name in "abc")
    first = guard.check(a)
    second = guard.check(b)
    guard.check(a)
    guard.check(c)
    assert guard.check(a) is first
    assert guard.check(b) is not second


def test_the_memory_can_be_off(issuer: LocalIssuer, moving: Moving) -> None:
    """0 keeps nothing."""
    guard = Guard(issuers=issuer.url, audience=AUDIENCE, clock=moving.now, cache_tokens=0)
    made = issuer.token()
    assert guard.check(made) is not guard.check(made)


# --- opaque tokens


@pytest.fixture
def introspecting(issuer: LocalIssuer, moving: Moving) -> Guard:
    given = Issuer(issuer.url, introspection=Credentials("notes-api", SECRET))
    return Guard(issuers=given, audience=AUDIENCE, clock=moving.now, monotonic=moving.monotonic)


def test_an_opaque_token_is_introspected(introspecting: Guard, issuer: LocalIssuer) -> None:
    """The secret is form-encoded in Basic; jti, iat and iss need not be told (RFC 7662 §2.2)."""
    issuer.active["opaque"] = {"active": True} | claims(issuer.url, jti=None, iss=None, iat=None)
    checked = introspecting.check("opaque")
    assert checked.subject == "0193-alice"
    assert checked.key_id == ""


def test_an_answer_is_kept_for_seconds(
    introspecting: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """One question in 5 seconds; a revoked token passes no longer than that."""
    issuer.active["opaque"] = {"active": True} | claims(issuer.url)
    introspecting.check("opaque")
    del issuer.active["opaque"]
    moving.advance(4)
    introspecting.check("opaque")
    assert issuer.paths["/introspect"] == 1
    moving.advance(1)
    with pytest.raises(TokenRefused):
        introspecting.check("opaque")


@pytest.mark.parametrize(
    "change",
    [{"active": False}, {"active": "true"}, {"active": 1}, {"aud": "https://other"}, {"aud": None},
     {"iss": "https://evil.example"}, {"exp": 1}, {"sub": 1}],
)  # fmt: skip
def test_what_introspection_says_is_checked(
    introspecting: Guard, issuer: LocalIssuer, change: dict[str, Any]
) -> None:
    """Active is not enough: it must be for this API, and still live."""
    issuer.active["opaque"] = {"active": True} | claims(issuer.url) | change
    with pytest.raises(TokenRefused):
        introspecting.check("opaque")


def test_without_introspection_opaque_tokens_are_refused(guard: Guard) -> None:
    """And nothing is asked of anybody."""
    with pytest.raises(TokenRefused):
        guard.check("opaque")


def test_an_issuer_that_refuses_us_is_no_fault_of_the_token(
    issuer: LocalIssuer, moving: Moving
) -> None:
    """A wrong client secret is our mistake: 503, not 401."""
    given = Issuer(issuer.url, introspection=Credentials("notes-api", "wrong"))
    guard = Guard(issuers=given, audience=AUDIENCE, clock=moving.now)
    with pytest.raises(IssuerUnreachable):
        guard.check("opaque")


def test_only_one_issuer_can_have_introspection() -> None:
    """An opaque token does not say whom to ask."""
    both = [Issuer(f"https://{n}", introspection=Credentials("c", "s")) for n in "ab"]
    with pytest.raises(ConfigurationError):
        Guard(issuers=both, audience="a")


# --- where a token may stand


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc", "Bearer abc "])
def test_a_bearer_header_is_read(header: str) -> None:
    """The scheme has no case (RFC 9110 §11.1)."""
    assert shown_by(head(header), cookie_name=None).unverified_token == "abc"


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer2 abc", "BearerX abc", "", "Digest a=b, c=d", "Bearer\ta"]
)
def test_another_scheme_is_no_credential(header: str) -> None:
    """401 without an error code (RFC 6750 §3.1)."""
    with pytest.raises(NoCredentials) as caught:
        shown_by(head(header), cookie_name=None)
    assert ("WWW-Authenticate", "Bearer") in answer(caught.value).headers


@pytest.mark.parametrize(
    "lines",
    [("Bearer",), ("Bearer ",), ("Bearer a b",), ("Bearer a,Bearer b",), ("Bearer a", "Bearer b"),
     ("Bearer a", "Basic b"), ('Bearer "a"',), ("Bearer é",)],
)  # fmt: skip
def test_malformed_and_double_headers_are_refused(lines: tuple[str, ...]) -> None:
    """400 invalid_request; joined by a comma as WSGI servers do, or as two lines."""
    with pytest.raises(RequestRefused):
        shown_by(head(*lines), cookie_name=None)


def test_cookies_are_read_only_when_asked_for() -> None:
    """Off by default."""
    sent = head(cookies=(f"a=b; {HOST}=abc",))
    assert shown_by(sent, cookie_name=HOST).unverified_token == "abc"
    with pytest.raises(NoCredentials):
        shown_by(sent, cookie_name=None)


def test_a_header_is_judged_alone_and_its_cookies_are_ignored() -> None:
    """A browser adds cookies to whatever a page sends: they neither help nor harm."""
    both = head("Bearer a", cookies=(f"{HOST}=b",))
    assert shown_by(both, cookie_name=HOST).unverified_token == "a"
    with pytest.raises(NoCredentials):
        shown_by(head("Basic a", cookies=(f"{HOST}=b",)), cookie_name=HOST)


def test_two_access_cookies_are_two_credentials() -> None:
    """One of them was planted."""
    for lines in ((f"{HOST}=a; {HOST}=b",), (f"{HOST}=a", f"{HOST}=b")):
        with pytest.raises(RequestRefused):
            shown_by(head(cookies=lines), cookie_name=HOST)


def test_only_the_exact_name_counts() -> None:
    """A nameless cookie that spells ours is not ours (CVE-2023-23934)."""
    lines = (f"={HOST}=x; x{HOST}=y; {HOST.lower()}=z; {HOST}; {HOST}= ",)
    assert cookie_values(lines, HOST) == []


def test_the_name_follows_the_issuer() -> None:
    """With the prefix on https; without on a loopback http issuer, where browsers refuse it."""
    secure = Guard(issuers="https://id.example", audience="a", cookie=True)
    assert secure.cookie_name == "__Host-portero_at"
    local = Guard(issuers="http://127.0.0.1:8000", audience="a", cookie=True)
    assert local.cookie_name == "portero_at"
    assert Guard(issuers="https://id.example", audience="a", cookie="mine").cookie_name == "mine"
    assert Guard(issuers="https://id.example", audience="a").cookie_name is None


OWN = "https://api.example"


@pytest.mark.parametrize(
    ("origin", "site", "passes"),
    [
        (OWN, None, True),
        (OWN, "same-origin", True),
        ("null", "same-origin", True),
        (None, "same-origin", True),
        (None, None, False),
        ("null", None, False),
        ("https://evil.example", None, False),
        ("http://api.example", None, False),
        (OWN + ":444", None, False),
        (OWN, "cross-site", False),
        (OWN, "same-site", False),
        (OWN, "none", False),
        (OWN, "", False),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "WEBSOCKET", "post"])
def test_a_cookie_needs_the_same_origin_to_change_something(
    method: str, origin: str | None, site: str | None, passes: bool
) -> None:
    """Closed where the browser does not say where the request came from."""
    sent = head(method=method, cookies=(f"{HOST}=abc",), origin=origin, fetch_site=site)
    if passes:
        assert shown_by(sent, cookie_name=HOST).unverified_token == "abc"
    else:
        with pytest.raises(CrossSite):
            shown_by(sent, cookie_name=HOST)


def test_a_bearer_header_needs_no_origin() -> None:
    """Another site can't make a browser send it."""
    sent = head("Bearer abc", method="POST", origin="https://evil.example")
    assert shown_by(sent, cookie_name=HOST).unverified_token == "abc"


# --- what a view asks for


def test_the_current_user_speaks_the_views_words(guard: Guard, issuer: LocalIssuer) -> None:
    """id, user_id, username, scopes, claims."""
    user = guard.admit(head(f"Bearer {issuer.token()}"), Demand())
    assert (user.id, user.user_id, user.username) == ("0193-alice", "0193-alice", "alice")
    assert user.has_scope("notes:read")
    assert not user.has_scope("notes")
    assert user.claims["sid"] == user.session_id == "s-1"
    assert issuer.keys[0].kid not in repr(user)


@pytest.mark.parametrize(
    ("demand", "kind"),
    [
        (Demand.of(scopes="admin"), ScopeMissing),
        (Demand.of(scopes=["notes:read", "admin"]), ScopeMissing),
        (Demand.of(max_age=29), AuthenticationInsufficient),
        (Demand.of(acr="phr"), AuthenticationInsufficient),
        (Demand.of(audience="https://other"), TokenRefused),
    ],
)
def test_each_demand_is_asked(
    guard: Guard, issuer: LocalIssuer, demand: Demand, kind: type[Refused]
) -> None:
    """At the first look and at a remembered token alike."""
    made = issuer.token()
    for _ in range(2):
        with pytest.raises(kind):
            guard.admit(head(f"Bearer {made}"), demand)
        guard.admit(head(f"Bearer {made}"), Demand.of(scopes="notes:read", max_age=30, acr="aal2"))


def test_a_challenge_can_not_be_broken_out_of() -> None:
    """Quotes, backslashes and line ends never reach the header."""
    sent = answer(ScopeMissing(parameters={"scope": 'a" b\\\r\nSet-Cookie: x=y'}))
    value = dict(sent.headers)["WWW-Authenticate"]
    assert value.endswith('scope="a bSet-Cookie: x=y"')
