"""Every input of the server that takes a JWT.

A new one gets a line here. Its `also_taken` and `otherwise` say where it differs, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from guard.tests.jwt_corpus.table import Place
from tests.attack.jwt import assertions, hints, proofs, tokens
from tests.attack.jwt.stage import Stage

PLACES: Final[dict[str, Callable[[Stage], Place]]] = {
    "access token at userinfo": tokens.userinfo,
    "access token at our own API": tokens.own_api,
    "access token at introspection": tokens.introspection,
    "access token at revocation": tokens.revocation,
    "subject token": tokens.subject_token,
    "actor token": tokens.actor_token,
    "proof at the token endpoint": proofs.proof,
    "proof at userinfo": proofs.proof_at_userinfo,
    "ID token hint at authorization": hints.hint_at_authorization,
    "ID token hint at logout": hints.hint_at_logout,
    "ID token hint at CIBA": hints.hint_at_backchannel,
    "ID token hint by secret at authorization": hints.secret_hint_at_authorization,
    "ID token hint by secret at logout": hints.secret_hint_at_logout,
    "bearer assertion": assertions.bearer_assertion,
    "client assertion": assertions.client_assertion,
    "client assertion at introspection": assertions.client_assertion_at_introspection,
    "client assertion at revocation": assertions.client_assertion_at_revocation,
    "client assertion at PAR": assertions.client_assertion_at_par,
    "client assertion at device": assertions.client_assertion_at_device,
    "client assertion at CIBA": assertions.client_assertion_at_backchannel,
    "client assertion by secret": assertions.secret_assertion,
    "request object": assertions.request_object,
    "request object by secret": assertions.secret_request_object,
    "request object at PAR": assertions.pushed_request_object,
    "software statement": assertions.software_statement,
}
# One place of each kind of JWT.
KINDS: Final = {
    "access token": "access token at our own API",
    "proof": "proof at the token endpoint",
    "ID token": "ID token hint at authorization",
    "bearer assertion": "bearer assertion",
    "client assertion": "client assertion",
    "request object": "request object",
    "software statement": "software statement",
}
