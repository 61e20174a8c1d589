"""Where DPoP proofs are shown. A proof brings its key with it: another key's proof is a good one,
of another key."""

from __future__ import annotations

import base64
import secrets
from hashlib import sha256
from typing import Any, Final

from guard.tests.jwt_corpus.good import Good, Key
from guard.tests.jwt_corpus.table import Place
from guard.tests.proofs import ProvingKey
from tests.attack.jwt.stage import NO_JSON_KIDS, Stage, challenged, said
from tests.attack.jwt.tokens import access
from tests.support.house import ISSUER

PROVING = ProvingKey()
# A proof is made for each request: it is shorter than a token may be.
_LONG: Final = "kid: three thousand letters"
_OWN_KEYS: Final = tuple(
    f"key in the header: {which}{kid}"
    for which in ("jwk", "jwk of the good key's name", "all of them")
    for kid in ("", ", and no kid", ", and the stranger's kid")
)


def _proof(stage: Stage, url: str, **more: Any) -> Good:
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": PROVING.jwk()}

    def claims() -> dict[str, Any]:
        jti = secrets.token_urlsafe(12)
        return {"jti": jti, "htm": "POST", "htu": url, "iat": stage.now(), **more}

    return Good(Key("", "ES256", PROVING.private), header, claims)


def proof(stage: Stage) -> Place:
    client = stage.client()

    def show(token: str) -> str:
        form = {"grant_type": "client_credentials"}
        return said(stage.post("/oauth/token", form, {**client.basic, "DPoP": token}))

    return Place(
        _proof(stage, f"{ISSUER}/oauth/token"),
        show,
        taken="200",
        refused="400 invalid_dpop_proof",
        also_taken=("kid", *_OWN_KEYS),
        otherwise=dict.fromkeys((*NO_JSON_KIDS, _LONG), "400 invalid_dpop_proof"),
        line=True,
    )


def proof_at_userinfo(stage: Stage) -> Place:
    bound = access(stage, stage.told["access_token"]).token(claims={"cnf": {"jkt": PROVING.jkt}})

    def show(token: str) -> str:
        headers = {"Authorization": f"DPoP {bound}", "DPoP": token}
        return challenged(stage.http.post("/oauth/userinfo", headers=headers))

    ath = base64.urlsafe_b64encode(sha256(bound.encode()).digest()).rstrip(b"=").decode()
    return Place(
        _proof(stage, f"{ISSUER}/oauth/userinfo", ath=ath),
        show,
        taken="200",
        refused="401 invalid_dpop_proof",
        also_taken=("kid",),
        otherwise={
            **dict.fromkeys(_OWN_KEYS, "401 invalid_token"),
            **dict.fromkeys((*NO_JSON_KIDS, _LONG), "401 invalid_dpop_proof"),
        },
        line=True,
    )
