"""Where ID tokens come back as hints, to the server that signed them."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from guard.tests.jwt_corpus.good import Good, Key
from guard.tests.jwt_corpus.table import Place
from tests.attack.jwt.stage import (
    AFTER,
    ANY_AUDIENCE,
    NO_FORM,
    NO_JSON_KIDS,
    SPARE,
    UNSTORABLE,
    Stage,
    said,
    sent_back,
)
from tests.support.backchannel import CIBA, bank
from tests.support.house import basic
from tests.support.relying_party import RelyingParty, claims_of, relying_party

# OpenID Connect Core §3.1.2.1: a hint says who was meant, however long ago.
_WHENEVER: Final = (
    "time",
    "other time",
    *(
        f"missing: {name} {how}"
        for name in ("exp", "iat", "auth_time")
        for how in ("left out", "null", "empty")
    ),
)
_NO_JSON_TIMES: Final = tuple(
    f"time: {name}: {what}"
    for name in ("exp", "iat", "auth_time")
    for what in ("NaN", "Infinity", "-Infinity")
)


def _hint(stage: Stage) -> Good:
    claims = claims_of(stage.told["id_token"])
    header = {"alg": "RS256", "typ": "JWT", "kid": stage.rs256.kid}
    return Good(stage.rs256, header, lambda: claims)


def _secret_party(stage: Stage) -> tuple[RelyingParty, Good]:
    """A client whose ID tokens are signed with its secret, and which has a public key as well."""
    party = relying_party(
        stage.home,
        id_token_signed_response_alg="HS256",
        post_logout_redirect_uris=[AFTER],
        jwks={"keys": [SPARE.jwk()]},
    )
    claims = claims_of(party.sign_in(scope="openid")["id_token"])
    key = Key("", "HS256", party.secret.encode())
    return party, Good(key, {"alg": "HS256", "typ": "JWT"}, lambda: claims, SPARE)


def _at_authorization(
    stage: Stage, party: RelyingParty, good: Good, *also_taken: str, **otherwise: str
) -> Place:
    def show(token: str) -> str:
        asked = party.parameters(prompt="none", id_token_hint=token, scope="openid")
        return sent_back(stage.post("/oauth/authorize", asked))

    return Place(
        good,
        show,
        taken="login_required",
        refused="invalid_request",
        also_taken=(*_WHENEVER, "another sub", *also_taken),
        otherwise={
            **dict.fromkeys((*_NO_JSON_TIMES, *UNSTORABLE), "invalid_request"),
            **dict.fromkeys(NO_FORM, "400"),
            **otherwise,
        },
    )


def hint_at_authorization(stage: Stage) -> Place:
    return _at_authorization(stage, stage.party, _hint(stage))


def secret_hint_at_authorization(stage: Stage) -> Place:
    party, good = _secret_party(stage)
    refused = dict.fromkeys(NO_JSON_KIDS, "invalid_request")
    return _at_authorization(stage, party, good, "kid", **refused)


def hint_at_backchannel(stage: Stage) -> Place:
    """CIBA §7.1: whom an application asks for. Somebody who is nobody is an unknown person."""
    shop = bank(stage.home, id_token_signed_response_alg="RS256")
    hint = {**claims_of(stage.told["id_token"]), "aud": shop.client_id}
    header = {"alg": "RS256", "typ": "JWT", "kid": stage.rs256.kid}

    def show(token: str) -> str:
        form = {"scope": "openid", "id_token_hint": token}
        return said(stage.post(CIBA, form, basic(shop.client_id, shop.secret)))

    return Place(
        Good(stage.rs256, header, lambda: hint),
        show,
        taken="200",
        refused="400 invalid_request",
        also_taken=_WHENEVER,
        otherwise={
            "another sub": "400 unknown_user_id",
            **dict.fromkeys((*_NO_JSON_TIMES, *UNSTORABLE), "400 invalid_request"),
        },
    )


def _at_logout(
    stage: Stage, client_id: str, good: Good, *also_taken: str, **otherwise: str
) -> Place:
    """With nobody signed in, a good hint alone leads back to the application."""

    def show(token: str) -> str:
        asked = {"id_token_hint": token, "post_logout_redirect_uri": AFTER, "client_id": client_id}
        query = urlencode(asked, errors="surrogatepass")
        answer = stage.http.get(f"/oauth/logout?{query}")
        return f"{answer.status_code} {answer.headers.get('Location', '')}".strip()

    return Place(
        good,
        show,
        taken=f"303 {AFTER}",
        refused="200",
        also_taken=(*_WHENEVER, "another sub", *also_taken),
        otherwise={
            # It is another client's than the one that is named beside it (§2).
            **dict.fromkeys(ANY_AUDIENCE, "400"),
            "missing: aud empty": "200",
            **dict.fromkeys((*_NO_JSON_TIMES, *UNSTORABLE), "200"),
            **dict.fromkeys(NO_FORM, "400"),
            **otherwise,
        },
    )


def hint_at_logout(stage: Stage) -> Place:
    return _at_logout(stage, stage.party.client_id, _hint(stage))


def secret_hint_at_logout(stage: Stage) -> Place:
    party, good = _secret_party(stage)
    refused = dict.fromkeys(NO_JSON_KIDS, "200")
    return _at_logout(stage, party.client_id, good, "kid", **refused)
