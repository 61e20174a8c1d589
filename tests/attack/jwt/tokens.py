"""Where access tokens are shown.

All of them are signed by this server. It believes its own signature: what only it writes (who
somebody is, since when) is not judged again, but is of its type or the token is refused.
"""

from __future__ import annotations

import secrets
from typing import Final

import sqlalchemy as sa

from guard.tests.jwt_corpus.good import Good
from guard.tests.jwt_corpus.table import Place
from portero.core.audit.store import audit_entries
from tests.attack.jwt.stage import (
    ANY_AUDIENCE,
    GRANTS,
    NO_FORM,
    STOCK,
    UNSTORABLE,
    Client,
    Stage,
    challenged,
    said,
)
from tests.support.house import bearer
from tests.support.relying_party import claims_of

ACCESS: Final = "urn:ietf:params:oauth:token-type:access_token"

_OURS: Final = (
    "jti: three hundred letters",
    "missing: nbf left out",
    "time: nbf: 0",
    "time: auth_time: 0",
    "other time: exp in ten years",
    "other time: nbf ten years ago",
)
# RFC 7519 §4.1.3: a token may be for several, and we one of them.
_SEVERAL: Final = (
    "aud: a list with it",
    "aud: a list with another",
    "aud: a list with it twice",
)


def access(stage: Stage, token: str) -> Good:
    claims = {**claims_of(token), "nbf": stage.now()}
    header = {"alg": "ES256", "typ": "at+jwt", "kid": stage.es256.kid}
    return Good(stage.es256, header, lambda: {**claims, "jti": secrets.token_urlsafe(12)})


def userinfo(stage: Stage) -> Place:
    def show(token: str) -> str:
        return challenged(stage.post("/oauth/userinfo", {"access_token": token}))

    return Place(
        access(stage, stage.told["access_token"]),
        show,
        taken="200",
        refused="401 invalid_token",
        # It is read as from a header, where spaces around it are no part of it.
        also_taken=(*_OURS, *_SEVERAL, "spelling: a space before", "spelling: a space behind"),
        garbled="400 invalid_request",
    )


def own_api(stage: Stage) -> Place:
    def show(token: str) -> str:
        return challenged(stage.http.get("/protected", headers=bearer(token)))

    return Place(
        access(stage, stage.first_party),
        show,
        taken="200",
        refused="401 invalid_token",
        # Nobody is looked up there: it costs no statement.
        also_taken=(
            *(*_OURS, *_SEVERAL, "missing: auth_time left out", "another sub"),
            # Its client was always there; a registered one's tokens are no older than it.
            *("time: iat: 0", "other time: iat ten years ago"),
        ),
        otherwise=dict.fromkeys(UNSTORABLE, "401 invalid_token"),
        line=True,
        garbled="400 invalid_request",
    )


def introspection(stage: Stage) -> Place:
    caller = stage.client()

    def show(token: str) -> str:
        answer = stage.post("/oauth/introspect", {"token": token}, caller.basic)
        active = (answer.get_json() or {}).get("active")
        return said(answer) if active is None else f"active {active}".lower()

    return Place(
        access(stage, stage.shown["access_token"]),
        show,
        taken="active true",
        refused="active false",
        also_taken=(*_OURS, "missing: auth_time left out", "another sub"),
        otherwise={
            **dict.fromkeys(NO_FORM, "400 invalid_request"),
            **dict.fromkeys(UNSTORABLE, "active false"),
        },
    )


def revocation(stage: Stage) -> Place:
    """200 in any case (RFC 7009 §2.2); what tells is whether anything was revoked."""
    own = Client(stage.party.client_id, stage.party.secret)

    def revoked() -> int:
        query = sa.select(sa.func.count()).where(audit_entries.c.kind == "token.revoked")
        return stage.home.house.db.read(lambda tx: tx.execute(query).scalar_one())

    def show(token: str) -> str:
        before = revoked()
        answer = stage.post("/oauth/revoke", {"token": token}, own.basic)
        return f"{said(answer)} {'revoked' if revoked() > before else 'nothing'}"

    return Place(
        access(stage, stage.shown["access_token"]),
        show,
        taken="200 revoked",
        refused="200 nothing",
        also_taken=(*_OURS, *ANY_AUDIENCE, "missing: auth_time left out", "another sub"),
        otherwise={
            **dict.fromkeys(NO_FORM, "400 invalid_request nothing"),
            **dict.fromkeys(UNSTORABLE, "200 nothing"),
        },
    )


def _exchange(stage: Stage, name: str, also_taken: tuple[str, ...]) -> Place:
    api = stage.client(grant_types=[f"{GRANTS}token-exchange", "client_credentials"])
    answer = stage.post("/oauth/token", {"grant_type": "client_credentials"}, api.basic)
    good = {
        "subject_token": stage.shown["access_token"],
        "actor_token": answer.get_json()["access_token"],
    }

    def show(token: str) -> str:
        form = {
            "grant_type": f"{GRANTS}token-exchange",
            **good,
            name: token,
            "subject_token_type": ACCESS,
            "actor_token_type": ACCESS,
            "resource": STOCK,
        }
        return said(stage.post("/oauth/token", form, api.basic))

    return Place(
        access(stage, good[name]),
        show,
        taken="200",
        refused="400 invalid_request",
        also_taken=(*_OURS, *also_taken),
        otherwise=dict.fromkeys(UNSTORABLE, "400 invalid_request"),
    )


def subject_token(stage: Stage) -> Place:
    return _exchange(stage, "subject_token", ("missing: auth_time left out",))


def actor_token(stage: Stage) -> Place:
    """The client's own token, so for whatever API, and about nobody who is looked up."""
    return _exchange(stage, "actor_token", (*ANY_AUDIENCE, "another sub"))
