"""The authorization endpoint: parameters and the browser's cookie in, a redirect or a page out.

No CORS here: nothing but a browser that goes there itself has business with it (RFC 9700 §2.6).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from portero.core.audit import Actor
from portero.core.provider.authorize import Answer, Authorize, Outcome, SignInOwed
from portero.core.provider.errors import UnusableReturnAddress
from portero.kit.refusals import Refusal
from portero.protocol.oauth.errors import OAuthRefusal
from portero.protocol.oauth.parameters import Parameters, read_parameters
from portero.web.browser_cookie import BrowserCookie
from portero.web.endpoints import Endpoint
from portero.web.exchange import Request, Response, log_refusal
from portero.web.oidc.answers import redirect, rendered
from portero.web.oidc.form_body import form_alone
from portero.web.oidc.oauth import actor_of
from portero.web.places import (
    AUTHORIZATION_PATH,
    CONSENT_PATH,
    CONTINUATION_PATH,
    SIGN_IN_PATH,
    SIGN_UP_PATH,
)
from portero.web.rooms import FaceSettings
from portero.web.standalone import StandalonePages

_BODY_CAP: Final = 32 * 1024  # bytes; the longest is a signed request object


def authorize_endpoints(
    *, authorize: Authorize, cookie: BrowserCookie, settings: FaceSettings
) -> list[Endpoint]:
    pages = StandalonePages(settings)

    def begin(request: Request) -> Response:
        parameters, browser = _parameters(request), _browser(request)
        if not browser and _is_another_sites_form(request):
            # SameSite=Lax: the cookie does not come with it, and a new one in our answer would
            # take its place and sign the person out. From a page of ours it comes.
            return pages.posting_itself(
                request, settings.at(AUTHORIZATION_PATH), _pairs(parameters)
            )
        return told(
            authorize.begin(_actor(request), parameters, browser), request, pages, cookie, settings
        )

    def go_on(request: Request) -> Response:
        handle = _parameters(request).get("request") or ""
        outcome = authorize.resume(_actor(request), handle, _browser(request))
        return told(outcome, request, pages, cookie, settings)

    def _browser(request: Request) -> str:
        return cookie.read(request.header("cookie"))

    def _actor(request: Request) -> Actor:
        return actor_of(request, settings.trusted_proxies)

    def endpoint(
        path: str, methods: frozenset[str], work: Callable[[Request], Response]
    ) -> Endpoint:
        def answer(request: Request) -> Response:
            try:
                return work(request)
            except Refusal as refusal:
                log_refusal(request.method, request.path, refusal.code, refusal.detail)
                if not isinstance(refusal, OAuthRefusal):
                    return pages.refusal(request, refusal)
                values = {"why": refusal.description}
                return pages.refusal(request, UnusableReturnAddress(values=values))

        return Endpoint(path, methods, answer, body_cap=_BODY_CAP)

    return [
        endpoint(AUTHORIZATION_PATH, frozenset({"GET", "POST"}), begin),
        endpoint(CONTINUATION_PATH, frozenset({"GET"}), go_on),
    ]


def told(
    outcome: Outcome,
    request: Request,
    pages: StandalonePages,
    cookie: BrowserCookie,
    settings: FaceSettings,
) -> Response:
    if isinstance(outcome, Answer):
        return rendered(outcome, request, pages)
    asked = urlencode({"request": outcome.handle.reveal()})
    if isinstance(outcome, SignInOwed):
        fresh = () if outcome.browser is None else cookie.put(outcome.browser)
        page = SIGN_UP_PATH if outcome.as_newcomer else SIGN_IN_PATH
        return redirect(settings.at(f"{page}?{asked}"), *fresh)
    return redirect(settings.at(f"{CONSENT_PATH}?{asked}"))


def _is_another_sites_form(request: Request) -> bool:
    site = request.header("sec-fetch-site")
    return request.method == "POST" and site in {"cross-site", "same-site"}


def _pairs(parameters: Parameters) -> list[tuple[str, str]]:
    named = parameters.as_mapping().items()
    return [(name, value) for name, values in named for value in values]


def _parameters(request: Request) -> Parameters:
    """From the query of a GET, from the body of a POST (OpenID Connect Core §3.1.2.1)."""
    if request.method != "POST":
        return read_parameters(request.query_string)
    return form_alone(request)
