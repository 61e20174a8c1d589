"""The corpus of odd JWTs at each place where the guard takes one."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any, Final

import pytest

from guard.tests.jwt_corpus.corpus import CORPUS, HARMLESS
from guard.tests.jwt_corpus.good import Good, Key, ec_key, rsa_key
from guard.tests.jwt_corpus.signing import WEAK_RSA
from guard.tests.jwt_corpus.table import Place, surprises
from guard.tests.local_issuer import AUDIENCE, NOW, LocalIssuer, Moving, claims
from guard.tests.proofs import ProvingKey
from portero_guard import Guard
from portero_guard.checks import TokenExpired
from portero_guard.credentials import RequestHead
from portero_guard.errors import Refused, TokenRefused
from portero_guard.guard import Demand
from portero_guard.status_list import check_status_list

KEY, SPARE = ec_key("one"), rsa_key("two")
PROVING = ProvingKey()
AT: Final = int(NOW.timestamp())
_numbers = count()

# The issuer is believed in what only it writes; a token may be for several APIs.
_ITS_OWN_TO_SAY: Final = (
    *("another sub", "another client_id", "jti: three hundred letters"),
    *("missing: nbf left out", "missing: auth_time left out"),
    *("time: nbf: 0", "time: iat: 0", "time: auth_time: 0"),
    *("other time: exp in ten years", "other time: iat ten years ago"),
    "other time: nbf ten years ago",
    *("aud: a list with it", "aud: a list with another", "aud: a list with it twice"),
    "spare key: RS256",
)
_UNSTORABLE: Final = ("half a surrogate pair", "a NUL", "with a NUL behind")


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    with LocalIssuer() as issuer:
        issuer.keys = [KEY, SPARE, WEAK_RSA]
        moving = Moving()
        yield Guard(
            issuers=issuer.url,
            audience=AUDIENCE,
            clock=moving.now,
            monotonic=moving.monotonic,
            base_url="https://api.example",
        )


def access_token(guard: Guard) -> Place:
    """RFC 9068 §4. "Expired" is said of a token that is good in every other respect, alone."""

    def show(token: str) -> str:
        try:
            guard.check(token)
        except TokenExpired as refusal:
            return f"{refusal.status} expired"
        except Refused as refusal:
            return f"{refusal.status} {refusal.error}"
        return "taken"

    return Place(
        _access(guard),
        show,
        taken="taken",
        refused="401 invalid_token",
        also_taken=_ITS_OWN_TO_SAY,
        otherwise={
            "other time: exp an hour ago": "401 expired",
            "time: exp: 0": "401 expired",
            **{
                f"another {name}: {what}": "401 invalid_token"
                for name in ("sub", "client_id")
                for what in _UNSTORABLE
            },
        },
    )


def _access(guard: Guard) -> Good:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
    issuer = next(iter(guard._keys))

    def made() -> dict[str, Any]:
        return claims(issuer, jti=f"j-{next(_numbers)}", nbf=AT)

    return Good(KEY, header, made, SPARE)


def proof(guard: Guard) -> Place:
    """RFC 9449 §7.1, with a token that is bound to the proof's key."""
    token = _access(guard).token(claims={"cnf": {"jkt": PROVING.jkt}})
    ath = base64.urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()

    def made() -> dict[str, Any]:
        jti = f"p-{next(_numbers)}"
        return {"jti": jti, "htm": "GET", "htu": "https://api.example/notes", "iat": AT, "ath": ath}

    def show(shown: str) -> str:
        head = RequestHead("GET", "https", "api.example", (f"DPoP {token}",), path="/notes")
        try:
            guard.admit(replace(head, proofs=(shown,)), Demand())
        except Refused as refusal:
            return f"{refusal.status} {refusal.error}"
        return "taken"

    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": PROVING.jwk()}
    anothers = [
        f"key in the header: {which}{kid}"
        for which in ("jwk", "jwk of the good key's name", "all of them")
        for kid in ("", ", and no kid", ", and the stranger's kid")
    ]
    no_json = [r"kid: '\x00'", r"kid: 'one\x00'", r"kid: '\ud800'", "kid: three thousand letters"]
    return Place(
        Good(Key("", "ES256", PROVING.private), header, made),
        show,
        taken="taken",
        refused="401 invalid_dpop_proof",
        also_taken=("kid",),  # it means nothing: the key is in the proof
        otherwise={
            **dict.fromkeys(anothers, "401 invalid_token"),  # good, and of another key
            **dict.fromkeys(no_json, "401 invalid_dpop_proof"),
        },
    )


def status_list(guard: Guard) -> Place:
    """draft-ietf-oauth-status-list §8.3. What the guard does when a list is refused stands in
    test_status.py."""
    issuer = next(iter(guard._keys))
    uri = f"{issuer}/oauth/status-list"
    packed = base64.urlsafe_b64encode(zlib.compress(bytes(8))).rstrip(b"=").decode()
    known = {("one", "ES256"): KEY.public, ("two", "RS256"): SPARE.public}

    def show(token: str) -> str:
        try:
            check_status_list(
                token.encode("utf-8", "surrogatepass"),
                key_for=lambda kid, alg: known.get((kid, alg)),
                expected_issuer=issuer,
                expected_uri=uri,
                now=NOW.timestamp(),
                leeway_seconds=0,
            )
        except TokenRefused:
            return "refused"
        return "taken"

    content = {
        "iss": issuer,
        "sub": uri,
        "iat": AT,
        "exp": AT + 300,
        "ttl": 5,
        "status_list": {"bits": 1, "lst": packed},
    }
    header = {"alg": "ES256", "typ": "statuslist+jwt", "kid": "one"}
    return Place(
        Good(KEY, header, lambda: content, SPARE),
        show,
        taken="taken",
        refused="refused",
        also_taken=(
            *("missing: iss left out", "missing: exp left out"),  # §5.1: neither is needed
            *("other time: exp in ten years", "other time: iat ten years ago"),
            "time: iat: 0",
            "spare key: RS256",
            # It is read as a body, where white space around it is no part of it.
            *(f"spelling: a {what}" for what in ("space before", "space behind")),
            "spelling: a line end behind",
            # A list is longer than a token.
            *(f"large: nine thousand letters of a {part}" for part in ("claim", "header")),
        ),
    )


PLACES: Final[dict[str, Callable[[Guard], Place]]] = {
    "access token": access_token,
    "proof": proof,
    "status list": status_list,
}


@pytest.mark.parametrize("group", CORPUS)
@pytest.mark.parametrize("name", PLACES)
def test_odd_jwts_are_refused(guard: Guard, name: str, group: str) -> None:
    """With the one answer that the place has, and by no other exception."""
    assert surprises(PLACES[name](guard), group, CORPUS[group]) == []


@pytest.mark.parametrize("name", PLACES)
def test_what_is_only_odd_is_taken(guard: Guard, name: str) -> None:
    """So what the corpus refuses is refused for its oddity, and not for how it was made."""
    assert surprises(PLACES[name](guard), "harmless", HARMLESS, harmless=True) == []


@pytest.mark.parametrize("name", PLACES)
def test_each_exception_is_of_a_case(guard: Guard, name: str) -> None:
    """An exception for a case that was renamed would hide nothing and say something."""
    assert PLACES[name](guard).idle_exceptions(CORPUS) == []
