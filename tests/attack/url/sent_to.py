"""Where a URL says where a browser is sent with an answer."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from guard.tests.jwt_corpus.good import Good
from tests.attack.url.stage import ISSUER, KEY, Stage, said
from tests.attack.url.table import Place
from tests.support.house import basic
from tests.support.relying_party import RelyingParty, query_of
from tests.support.url_corpus import LOOPBACK


def sent(answer: TestResponse, url: str) -> str:
    """The status, and whether the browser goes there, or a page offers to; or where else."""
    location = answer.headers.get("Location", "").partition("?")[0]
    if location == url or f'action="{html.escape(url)}"' in answer.text:
        return f"{answer.status_code} there"
    shown = "evil.example" in answer.text and "it names evil.example"
    return f"{answer.status_code} {location or shown or ''}".strip()


def _authorized(stage: Stage, url: str, *, party: RelyingParty, mode: str | None = None) -> str:
    asked = party.parameters(redirect_uri=url, prompt="none", scope="openid", response_mode=mode)
    return sent(stage.http.get(f"/oauth/authorize?{urlencode(asked)}"), url)


def redirect_uri(stage: Stage, mode: str | None = None, taken: str = "303 there") -> Place:
    """The registered string and no other, in whatever mode; else a page of ours."""
    show = partial(_authorized, stage, party=stage.party, mode=mode)
    return Place(show, taken=taken, refused="400")


def native_redirect_uri(stage: Stage) -> Place:
    """On loopback the port is free, and nothing else (RFC 8252 §7.3)."""
    return Place(
        partial(_authorized, stage, party=stage.native),
        taken="303 there",
        refused="400",
        good=(LOOPBACK,),
        also_taken=("http://127.0.0.1:49152/cb",),
    )


def pushed_redirect_uri(stage: Stage) -> Place:
    party = stage.party

    def show(url: str) -> str:
        asked = party.parameters(redirect_uri=url, scope="openid")
        return said(stage.post("/oauth/par", asked, basic(party.client_id, party.secret)))

    return Place(show, taken="201", refused="400 invalid_request")


def signed_redirect_uri(stage: Stage) -> Place:
    """In a request object, which can write what no form can."""
    party = stage.party

    def show(url: str) -> str:
        now = int(stage.home.clock.now().timestamp())
        claims = {
            **party.parameters(redirect_uri=url, prompt="none", scope="openid"),
            **{"iss": party.client_id, "aud": ISSUER, "iat": now, "exp": now + 60},
        }
        made = Good(KEY, {"alg": "ES256", "kid": "one"}, lambda: claims).token()
        asked = {"client_id": party.client_id, "request": made, "scope": "openid"}
        return sent(stage.http.get(f"/oauth/authorize?{urlencode(asked)}"), url)

    return Place(show, taken="303 there", refused="400")


def redeemed_redirect_uri(stage: Stage) -> Place:
    """RFC 6749 §4.1.3: the one that the code was sent to."""
    party = stage.party

    def show(url: str) -> str:
        code = query_of(party.begin(prompt="none", scope="openid"))["code"]
        return said(party.redeem(code, redirect_uri=url))

    return Place(show, taken="200", refused="400 invalid_grant")


def post_logout_redirect_uri(stage: Stage) -> Place:
    """With nobody signed in, an ID token vouches for the request, and for no address."""

    def show(url: str) -> str:
        asked = {"id_token_hint": stage.told["id_token"], "post_logout_redirect_uri": url}
        return sent(stage.http.get(f"/oauth/logout?{urlencode(asked)}"), url)

    return Place(show, taken="303 there", refused="400")


SENT_TO: Final[dict[str, Callable[[Stage], Place]]] = {
    "redirect_uri": redirect_uri,
    "redirect_uri, form_post": partial(redirect_uri, mode="form_post", taken="200 there"),
    "redirect_uri, jwt": partial(redirect_uri, mode="jwt"),
    "redirect_uri of a native application": native_redirect_uri,
    "redirect_uri at PAR": pushed_redirect_uri,
    "redirect_uri in a request object": signed_redirect_uri,
    "redirect_uri at the token endpoint": redeemed_redirect_uri,
    "post_logout_redirect_uri": post_logout_redirect_uri,
}
