"""Where clients and trusted issuers show what they signed: assertions, requests, statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from guard.tests.jwt_corpus.good import Good, Key
from guard.tests.jwt_corpus.table import Place
from portero.protocol.oauth.client_assertion import ASSERTION_TYPE
from tests.attack.jwt.stage import (
    CALLBACK,
    GRANTS,
    JWKS,
    KEY,
    NO_FORM,
    NO_JSON_KIDS,
    SPARE,
    TRUSTED,
    Client,
    Stage,
    said,
    sent_back,
)
from tests.support.backchannel import CIBA
from tests.support.backchannel import GRANT as CIBA_GRANT

# Without a name the only key of the algorithm's kind is meant.
_UNNAMED: Final = ("kid: left out", "kid: null")
# nbf and iat may be left out, and may be long ago: exp is what ends it.
_OLD: Final = (
    "missing: nbf left out",
    "missing: iat left out",
    "time: nbf: 0",
    "time: iat: 0",
    "other time: iat ten years ago",
    "other time: nbf ten years ago",
)
_ONE_IN_A_LIST: Final = ("aud: a list with it",)
_SEVERAL: Final = (*_ONE_IN_A_LIST, "aud: a list with another", "aud: a list with it twice")
# Where nothing is spent, nobody reads the jti.
_NO_JTI: Final = (
    "jti",
    *(f"missing: jti {how}" for how in ("left out", "null", "empty")),
    *(
        f"list: jti: {what}"
        for what in (
            "a list with it",
            "a list with another",
            "an object with it",
            "a list in a list",
            "an empty list",
        )
    ),
)


def _types(own: str) -> tuple[str, str]:
    """What says JWT is the good one; most libraries say that, or nothing."""
    return "typ: left out", f"typ: {own}"


def bearer_assertion(stage: Stage) -> Place:
    client = stage.client(grant_types=[f"{GRANTS}jwt-bearer"])

    def show(token: str) -> str:
        form = {"grant_type": f"{GRANTS}jwt-bearer", "assertion": token}
        return said(stage.post("/oauth/token", form, client.basic))

    header = {"alg": "ES256", "typ": "JWT", "kid": "one"}
    good = Good(KEY, header, lambda: {"iss": TRUSTED, "sub": "ana", **stage.envelope()}, SPARE)
    return Place(
        good,
        show,
        taken="200",
        refused="400 invalid_grant",
        also_taken=(
            *(*_UNNAMED, *_types("authorization-grant+jwt"), *_OLD, *_ONE_IN_A_LIST),
            "spare key: RS256",  # both keys are trusted, each for its own algorithm
            "another sub: in other letters",  # a username, whose case does not matter
        ),
        otherwise=dict.fromkeys(NO_FORM, "400 invalid_request"),
    )


# --- client assertions -------------------------------------------------------------------------


def _claims(stage: Stage, client: Client) -> Callable[[], dict[str, Any]]:
    names = {"iss": client.client_id, "sub": client.client_id}
    return lambda: {**names, **stage.envelope()}


def _by_key(stage: Stage, path: str, form: Mapping[str, str], *, taken: str = "200") -> Place:
    client = stage.client(
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
        jwks=JWKS,
        redirect_uris=[CALLBACK],
        response_types=["code"],
        scope="openid orders:read stock:read",
        id_token_signed_response_alg="ES256",
        grant_types=[
            "client_credentials",
            "authorization_code",
            f"{GRANTS}device_code",
            CIBA_GRANT,
        ],
    )
    header = {"alg": "ES256", "typ": "JWT", "kid": "one"}
    good = Good(KEY, header, _claims(stage, client), SPARE)
    return _assertion(stage, good, path, form, taken=taken, also_taken=_UNNAMED)


def _assertion(
    stage: Stage,
    good: Good,
    path: str,
    form: Mapping[str, str],
    *,
    taken: str,
    also_taken: tuple[str, ...],
) -> Place:
    def show(token: str) -> str:
        shown = {"client_assertion": token, "client_assertion_type": ASSERTION_TYPE}
        return said(stage.post(path, {**form, **shown}))

    return Place(
        good,
        show,
        taken=taken,
        refused="401 invalid_client",
        also_taken=(*also_taken, *_types("client-authentication+jwt"), *_OLD, *_ONE_IN_A_LIST),
        otherwise={
            **dict.fromkeys(NO_FORM, "400 invalid_request"),
            **dict.fromkeys(NO_JSON_KIDS, "401 invalid_client"),
        },
    )


def client_assertion(stage: Stage) -> Place:
    return _by_key(stage, "/oauth/token", {"grant_type": "client_credentials"})


def client_assertion_at_introspection(stage: Stage) -> Place:
    return _by_key(stage, "/oauth/introspect", {"token": "x"})


def client_assertion_at_revocation(stage: Stage) -> Place:
    return _by_key(stage, "/oauth/revoke", {"token": "x"})


def client_assertion_at_par(stage: Stage) -> Place:
    return _by_key(stage, "/oauth/par", _REQUEST, taken="201")


def client_assertion_at_device(stage: Stage) -> Place:
    return _by_key(stage, "/oauth/device", {"scope": "orders:read"})


def client_assertion_at_backchannel(stage: Stage) -> Place:
    return _by_key(stage, CIBA, {"scope": "openid", "login_hint": "ana"})


def secret_assertion(stage: Stage) -> Place:
    """The client has registered keys too, and they are none of its secret."""
    client = stage.client(token_endpoint_auth_method="client_secret_jwt", jwks=JWKS)
    header = {"alg": "HS256", "typ": "JWT", "kid": "one"}
    key = Key("one", "HS256", client.secret.encode())
    form = {"grant_type": "client_credentials"}
    good = Good(key, header, _claims(stage, client), SPARE)
    return _assertion(stage, good, "/oauth/token", form, taken="200", also_taken=("kid",))


# --- request objects ---------------------------------------------------------------------------

_REQUEST: Final = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "orders:read",
    "state": "s",
    "prompt": "none",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}


def _request(stage: Stage, alg: str) -> tuple[Client, Good]:
    client = stage.client(
        redirect_uris=[CALLBACK],
        response_types=["code"],
        grant_types=["authorization_code"],
        request_object_signing_alg=alg,
        require_signed_request_object=True,
        jwks=JWKS,
    )
    key = KEY if alg == "ES256" else Key("one", alg, client.secret.encode())
    names = {"iss": client.client_id, "client_id": client.client_id}
    header = {"alg": alg, "typ": "oauth-authz-req+jwt", "kid": "one"}
    return client, Good(key, header, lambda: {**_REQUEST, **names, **stage.envelope()}, SPARE)


_ALSO_A_REQUEST: Final = (
    *(*_OLD, *_SEVERAL, *_NO_JTI, "typ: left out", "typ: JWT"),
    "other time: exp in ten years",
)


def request_object(stage: Stage, alg: str = "ES256") -> Place:
    client, good = _request(stage, alg)

    def show(token: str) -> str:
        form = {"client_id": client.client_id, "request": token, "redirect_uri": CALLBACK}
        return sent_back(stage.post("/oauth/authorize", form))

    return Place(
        good,
        show,
        taken="login_required",
        refused="invalid_request_object",
        also_taken=(*_ALSO_A_REQUEST, *(_UNNAMED if alg == "ES256" else ("kid",))),
        otherwise={
            **dict.fromkeys(NO_FORM, "400"),
            **dict.fromkeys(NO_JSON_KIDS, "invalid_request_object"),
        },
    )


def secret_request_object(stage: Stage) -> Place:
    return request_object(stage, "HS256")


def pushed_request_object(stage: Stage) -> Place:
    client, good = _request(stage, "ES256")

    def show(token: str) -> str:
        return said(stage.post("/oauth/par", {"request": token}, client.basic))

    return Place(
        good,
        show,
        taken="201",
        refused="400 invalid_request_object",
        also_taken=(*_ALSO_A_REQUEST, *_UNNAMED),
        otherwise=dict.fromkeys(NO_FORM, "400 invalid_request"),
    )


# --- software statements -----------------------------------------------------------------------


def software_statement(stage: Stage) -> Place:
    """RFC 7591 §2.3: made once for every server that trusts its issuer, so it may have no audience
    and no end."""

    def show(token: str) -> str:
        document = {"redirect_uris": [CALLBACK], "software_statement": token}
        return said(stage.http.post("/oauth/register", json=document))

    header = {"alg": "ES256", "typ": "JWT", "kid": "one"}
    claims = {"iss": TRUSTED, "software_id": "notes"}
    good = Good(KEY, header, lambda: {**claims, **stage.envelope()}, SPARE)
    strangers = ("iss", "another iss", "spelling: parts in another order", *_NO_ISSUER)
    return Place(
        good,
        show,
        taken="201",
        refused="400 invalid_software_statement",
        also_taken=(
            *(*_UNNAMED, *_types("software-statement+jwt"), *_OLD, *_SEVERAL, *_NO_JTI),
            *("missing: aud left out", "missing: aud null", "missing: exp left out"),
            "other time: exp in ten years",
            "spare key: RS256",
        ),
        otherwise={
            **dict.fromkeys(strangers, "400 unapproved_software_statement"),
            **dict.fromkeys(_NO_NAMES, "400 invalid_software_statement"),
            **dict.fromkeys(NO_FORM, "400 invalid_client_metadata"),  # no JSON can hold them either
        },
    )


_NO_NAMES: Final = tuple(
    f"another iss: {what}" for what in ("half a surrogate pair", "a NUL", "with a NUL behind")
)
_NO_ISSUER: Final = (
    *(f"missing: iss {how}" for how in ("left out", "null", "empty")),
    *(
        f"list: iss: {what}"
        for what in (
            "a list with it",
            "a list with another",
            "an object with it",
            "a list in a list",
            "an empty list",
        )
    ),
)
