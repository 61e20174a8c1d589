"""How an authorization response travels: in the URL, or in a form that posts itself.

A redirect is a 303, so that no browser sends a form on with it (RFC 9700 §4.12).
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from portero.core.provider.authorize import Answer
from portero.web.exchange import NO_STORE, Request, Response
from portero.web.standalone import StandalonePages

_REDIRECT_HEADERS: Final = (NO_STORE, ("Pragma", "no-cache"), ("Referrer-Policy", "no-referrer"))


def rendered(answer: Answer, request: Request, pages: StandalonePages) -> Response:
    """`form_post` and `form_post.jwt` as a page, the others in the query."""
    back = answer.back
    if back.response_mode.startswith("form_post"):
        return pages.page(
            request,
            "oidc/form_post.html",
            forms_lead_out=True,
            target=back.redirect_uri,
            parameters=dict(answer.parameters),
        )
    return redirect(f"{back.redirect_uri}{_joint(back.redirect_uri)}{urlencode(answer.parameters)}")


def _joint(redirect_uri: str) -> str:
    """What a query is added with; the registered one is kept (RFC 6749 §3.1.2)."""
    if "?" not in redirect_uri:
        return "?"
    return "" if redirect_uri.endswith(("?", "&")) else "&"


def redirect(location: str, *headers: tuple[str, str]) -> Response:
    return Response(303, b"", (("Location", location), *_REDIRECT_HEADERS, *headers))
