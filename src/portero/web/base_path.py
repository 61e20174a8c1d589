"""Below which path of its host this server is: the path of the issuer, "" for most.

Faces and endpoints know only the paths below it. Each adapter (the front, the WSGI application,
another application that mounts this one) asks here what a path on the wire is inside, and whatever
is told to a browser is put below it again by `at`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from portero.web.exchange import Response, problem
from portero.web.headers import page_headers
from portero.web.places import DISCOVERY_PATH, METADATA_PATH
from portero.web.strict import PROBE_PATHS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Where a client looks that knows the issuer and nothing else: between host and path, RFC 8414 §3.1
# for the one document, §5 for the other. OpenID Connect Discovery §4 has it behind the path.
_BETWEEN: Final = (METADATA_PATH, DISCOVERY_PATH)

NOT_OURS: Final = problem(404, "not_found", "There is nothing here.")


@dataclass(frozen=True, slots=True)
class BasePath:
    """`path` is "" or like "/auth": settings let no other sign into it than a URL shows as is."""

    path: str = ""

    @classmethod
    def of(cls, issuer: str) -> BasePath:
        return cls(urlsplit(issuer).path)

    def at(self, path: str) -> str:
        """The path that a browser asks for, for one of ours."""
        return self.path + path

    def below(self, asked: str) -> str | None:
        """What a path on the wire is inside; None for one that is not ours.

        The path is compared whole: /authority is not below /auth.
        """
        if not self.path:
            return asked
        if asked == self.path:
            return "/"
        if asked.startswith(self.path + "/"):
            inner = asked[len(self.path) :]
            return None if inner.startswith("//") else inner  # Flask would take off all but one
        return next((known for known in _BETWEEN if asked == known + self.path), None)

    def inside(self, asked: str) -> str | None:
        """The same where nobody else answers on this host's port: supervisors ask for /healthz
        there, whatever the issuer is."""
        return asked if asked in PROBE_PATHS else self.below(asked)

    def rebased(self, app: WSGIApplication) -> WSGIApplication:
        """The application on servers that do not know where it is: SCRIPT_NAME says so to it.

        A server or dispatcher that has already cut the path off has put it there itself.
        """

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            inner = self.inside(asked_path(environ))
            if inner is None:
                return answered(NOT_OURS, start_response)
            return app({**environ, **self.names(inner)}, start_response)

        return answer

    def names(self, inner: str) -> dict[str, Any]:
        """The two variables of a WSGI environ (PEP 3333)."""
        return {"SCRIPT_NAME": self.path, "PATH_INFO": inner}


def asked_path(environ: WSGIEnvironment) -> str:
    """The whole path of a request, wherever the server has cut it in two."""
    whole: str = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    return whole


def answered(answer: Response, start_response: StartResponse) -> list[bytes]:
    """The answer, for a WSGI server. How browsers come to this host is not ours to say (HSTS): we
    have but a path of it."""
    status = HTTPStatus(answer.status)
    headers = {**page_headers(hsts=False), **dict(answer.headers)}
    headers["Content-Length"] = str(len(answer.body))
    start_response(f"{status.value} {status.phrase}", list(headers.items()))
    return [answer.body]
