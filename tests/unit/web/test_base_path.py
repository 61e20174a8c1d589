"""Which paths on the wire are ours, for an issuer with a path and for one without."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.web.base_path import NOT_OURS, BasePath, answered, asked_path
from portero.web.headers import page_headers

BASE = BasePath.of("https://id.example/auth")

INSIDE = {
    "/auth/oauth/token": "/oauth/token",
    "/auth/": "/",
    "/auth": "/",
    "/auth/auth/x": "/auth/x",
    "/auth/.well-known/openid-configuration": "/.well-known/openid-configuration",
    # RFC 8414 §3.1, §5
    "/.well-known/oauth-authorization-server/auth": "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration/auth": "/.well-known/openid-configuration",
}
OUTSIDE = [
    "/",
    "/oauth/token",
    "/authority",
    "/authority/oauth/token",
    "/auth.evil/oauth/token",
    "/AUTH/oauth/token",
    "/auth\\oauth/token",
    "/x/auth/oauth/token",
    "//auth/oauth/token",
    "/auth//oauth/token",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/",
    "/.well-known/oauth-authorization-server/authority",
    "/.well-known/oauth-authorization-server/auth/",
    "/.well-known/jwks.json/auth",
    "",
]


@pytest.mark.parametrize(("asked", "inner"), INSIDE.items())
def test_what_is_below_the_path_is_ours(asked: str, inner: str) -> None:
    """With the two documents that lie between host and path (RFC 8414 §3.1)."""
    assert BASE.below(asked) == inner


@pytest.mark.parametrize("asked", OUTSIDE)
def test_what_only_looks_alike_is_not_ours(asked: str) -> None:
    """The path is compared whole and letter by letter."""
    assert BASE.below(asked) is None


@given(st.text())
def test_without_a_path_everything_is_ours_and_unchanged(asked: str) -> None:
    """The usual issuer: nothing is cut off or put before."""
    assert BasePath.of("https://id.example").below(asked) == asked
    assert BasePath().at(asked) == asked


@given(st.text(alphabet="/auth.", max_size=12).map(lambda rest: "/" + rest.lstrip("/")))
def test_what_is_told_to_a_browser_comes_back_the_same(path: str) -> None:
    """`below` undoes `at`."""
    assert BASE.below(BASE.at(path)) == path


def test_what_is_not_ours_is_refused_with_every_pages_headers() -> None:
    """By whatever WSGI server; but for HSTS: with a path, the host is somebody else's."""
    told: list[tuple[str, str]] = []
    body = answered(NOT_OURS, lambda status, headers, error=None: told.extend(headers))  # type: ignore[arg-type]
    assert dict(told).items() >= page_headers(hsts=False).items()
    assert len(told) == len(dict(told))
    assert dict(told)["Content-Length"] == str(len(body[0]))


def test_probes_answer_at_the_root_where_nobody_else_does() -> None:
    """Supervisors ask for /healthz; in another application that one is its own."""
    assert BASE.inside("/healthz") == "/healthz"
    assert BASE.below("/healthz") is None
    assert BASE.inside("/auth/readyz") == "/readyz"


@pytest.mark.parametrize(
    ("script_name", "path_info"),
    [("", "/auth/sign-in"), ("/auth", "/sign-in"), ("/auth/sign-in", ""), ("/aut", "h/sign-in")],
)
def test_a_server_may_cut_the_path_where_it_likes(script_name: str, path_info: str) -> None:
    """Only the whole counts, and the application sees the cut after the issuer's path."""
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        seen.append(environ)
        return [b"ours"]

    environ = {"SCRIPT_NAME": script_name, "PATH_INFO": path_info}
    assert list(BASE.rebased(app)(environ, lambda *_: lambda _: None)) == [b"ours"]
    assert (seen[0]["SCRIPT_NAME"], seen[0]["PATH_INFO"]) == ("/auth", "/sign-in")
    assert environ == {"SCRIPT_NAME": script_name, "PATH_INFO": path_info}
    assert asked_path(seen[0]) == "/auth/sign-in"
