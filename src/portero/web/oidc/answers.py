"""How an authorization response travels: in the URL, or in a form that posts itself.

A redirect is a 303, so that no browser sends a form on with it (RFC 9700 §4.12).
"""

from __future__ import annotations

from typing import Final

from portero.core.provider.authorize import Answer
from portero.protocol.oauth.redirect_uris import told_to_people
from portero.protocol.oauth.uris import with_query
from portero.web.exchange import NO_STORE, Request, Response
from portero.web.standalone import StandalonePages

_REDIRECT_HEADERS: Final = (NO_STORE, ("Pragma", "no-cache"), ("Referrer-Policy", "no-referrer"))


def rendered(answer: Answer, request: Request, pages: StandalonePages) -> Response:
    """`form_post` and `form_post.jwt` as a page, the others in the query; where the browser does
    not go by itself, a page with a button."""
    redirect_uri = answer.back.redirect_uri
    posted = answer.back.response_mode.startswith("form_post")
    target = redirect_uri if posted else with_query(redirect_uri, answer.parameters)
    fields = list(answer.parameters.items()) if posted else []
    if not answer.by_itself:
        return pages.page(
            request,
            "oidc/way_back.html",
            status=400,
            forms_lead_out=True,
            host=told_to_people(redirect_uri),
            target=target,
            fields=fields,
        )
    if posted:
        return pages.posting_itself(request, target, fields)
    return redirect(target)


def redirect(location: str, *headers: tuple[str, str]) -> Response:
    return Response(303, b"", (("Location", location), *_REDIRECT_HEADERS, *headers))
