"""Where keys come from: metadata, rotation, unknown kids, and an issuer that is away."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from guard.tests.local_issuer import AUDIENCE, LocalIssuer, Moving, SigningKey, claims, token
from portero_guard import Guard, Issuer
from portero_guard.errors import IssuerUnreachable, TokenExpired, TokenRefused
from portero_guard.fetch import FetchFailed, UrllibFetch, is_safe_url
from portero_guard.keys import FetchNeeded, keys_of

JWKS = "/jwks.json"


def test_keys_are_found_and_fetched_once(guard: Guard, issuer: LocalIssuer) -> None:
    """One fetch serves every token for as long as the set is fresh."""
    for jti in ("a", "b", "c"):
        assert guard.check(issuer.token(jti=jti)).subject == "0193-alice"
    assert issuer.paths[JWKS] == 1


def test_oauth_metadata_serves_where_there_is_no_openid(guard: Guard, issuer: LocalIssuer) -> None:
    """RFC 8414 without OpenID Connect."""
    issuer.has_openid = False
    assert guard.check(issuer.token())


def test_without_metadata_the_usual_address_serves(guard: Guard, issuer: LocalIssuer) -> None:
    """Only when the issuer says that it has none, not when it fails to answer."""
    issuer.has_openid = issuer.has_metadata = False
    assert guard.check(issuer.token())
    assert issuer.paths["/.well-known/jwks.json"] == 1


def test_metadata_of_another_issuer_is_not_believed(guard: Guard, issuer: LocalIssuer) -> None:
    """RFC 8414 §3.3: the identifier must be the very one that was asked for."""
    issuer.speaks_for = "https://evil.example"
    with pytest.raises(IssuerUnreachable):
        guard.check(issuer.token())
    assert not any(path.endswith("jwks.json") for path in issuer.paths)


def test_a_configured_jwks_uri_needs_no_metadata(issuer: LocalIssuer, moving: Moving) -> None:
    """Nothing but the key set is asked for."""
    given = Issuer(issuer.url, jwks_uri=issuer.url + JWKS)
    guard = Guard(issuers=given, audience=AUDIENCE, clock=moving.now, monotonic=moving.monotonic)
    assert guard.check(issuer.token())
    assert issuer.paths == {JWKS: 1}


def test_a_new_key_is_fetched_when_it_is_first_seen(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """Rotation: no token of the new key is refused, once the pause has passed."""
    guard.check(issuer.token())
    issuer.keys.append(SigningKey("k-2"))
    moving.advance(10)
    assert guard.check(issuer.token(moving.now())).key_id == "k-2"
    assert guard.check(token(claims(issuer.url), issuer.keys[0])).key_id == "k-1"


def test_a_flood_of_unknown_kids_is_no_flood_at_the_issuer(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """200 made-up kids in 20 seconds cost two fetches, not 200, from 8 threads at once."""
    guard.check(issuer.token())
    stranger = SigningKey("x")
    flood = [token(claims(issuer.url), stranger, kid=f"made-up-{n}") for n in range(200)]

    def refused(made: str) -> bool:
        with pytest.raises(TokenRefused):
            guard.check(made)
        return True

    with ThreadPoolExecutor(8) as threads:
        for half in (flood[:100], flood[100:]):
            moving.advance(10)
            assert all(threads.map(refused, half))
    assert issuer.paths[JWKS] == 3


def test_the_first_tokens_share_one_fetch(guard: Guard, issuer: LocalIssuer) -> None:
    """Eight threads that start together wait for one answer."""
    start = threading.Barrier(8)

    def first(n: int) -> str:
        made = issuer.token(jti=str(n))
        start.wait()
        return guard.check(made).subject

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(first, range(8))) == {"0193-alice"}
    assert issuer.paths[JWKS] == 1


def test_a_withdrawn_key_stops_its_tokens(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """Cached or not: after the set was fetched anew, the old key opens nothing."""
    made = issuer.token()
    assert guard.check(made) is guard.check(made)
    issuer.keys = [SigningKey("k-2")]
    moving.advance(301)
    with pytest.raises(TokenRefused) as caught:
        guard.check(made)
    assert not isinstance(caught.value, TokenExpired)


def test_an_issuer_that_is_away_does_not_stop_the_api(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """The last key set serves on for an hour, then the answer is 503 and not a 401."""
    guard.check(issuer.token())
    issuer.down = True
    moving.advance(3600)
    assert guard.check(issuer.token(moving.now()))
    moving.advance(1)
    with pytest.raises(IssuerUnreachable) as caught:
        guard.check(issuer.token(moving.now()))
    assert caught.value.status == 503


def test_an_issuer_that_is_away_is_asked_now_and_then(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """One try in ten seconds, however many requests come; when it is back, all is well."""
    issuer.down = True
    for _ in range(20):
        with pytest.raises(IssuerUnreachable):
            guard.check(issuer.token())
    assert issuer.paths["/.well-known/openid-configuration"] == 1
    issuer.down = False
    moving.advance(10)
    assert guard.check(issuer.token())


def test_an_unknown_kid_while_the_issuer_is_away_is_refused(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """A failed fetch keeps what is known, and known keys go on."""
    guard.check(issuer.token())
    issuer.down = True
    moving.advance(10)
    with pytest.raises(TokenRefused):
        guard.check(token(claims(issuer.url), SigningKey("k-9")))
    assert guard.check(issuer.token(jti="other"))


def test_on_an_event_loop_nothing_is_fetched(guard: Guard, issuer: LocalIssuer) -> None:
    """`may_fetch=False` never touches the network; afterwards it needs none."""
    made = issuer.token()
    with pytest.raises(FetchNeeded):
        guard.check(made, may_fetch=False)
    assert not issuer.paths
    guard.check(made)
    assert guard.check(issuer.token(jti="2"), may_fetch=False)


def test_made_up_kids_take_no_thread(guard: Guard, issuer: LocalIssuer, moving: Moving) -> None:
    """On an event loop, an unknown kid is refused at once while no fetch is due."""
    guard.check(issuer.token())
    made_up = token(claims(issuer.url), SigningKey("k-9"))
    with pytest.raises(TokenRefused):
        guard.check(made_up, may_fetch=False)
    moving.advance(10)
    with pytest.raises(FetchNeeded):
        guard.check(made_up, may_fetch=False)


def test_each_issuer_has_its_own_keys(issuer: LocalIssuer, moving: Moving) -> None:
    """A token by A's key that claims to be from B is refused; from a stranger, too."""
    with LocalIssuer() as other:
        guard = Guard(
            issuers=[issuer.url, other.url],
            audience=AUDIENCE,
            clock=moving.now,
            monotonic=moving.monotonic,
        )
        assert guard.check(issuer.token()).issuer == issuer.url
        assert guard.check(other.token()).issuer == other.url
        for claimed in (other.url, "https://evil.example"):
            with pytest.raises(TokenRefused):
                guard.check(token(claims(claimed), issuer.keys[0]))


def test_only_keys_for_checking_signatures_are_taken() -> None:
    """Symmetric, encrypting, nameless, broken and misnamed keys are not there."""
    good = SigningKey("k-1").jwk()
    listed = [
        {"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"},
        good | {"kid": "b", "use": "enc"},
        good | {"kid": "c", "key_ops": ["encrypt"]},
        good | {"kid": "d", "alg": "RS256"},
        good | {"kid": "e", "x": "AAAA"},
        {name: value for name, value in good.items() if name != "kid"},
        good | {"kid": 7},
        "nonsense",
        good,
    ]
    assert set(keys_of({"keys": listed})) == {("k-1", "ES256")}


def test_the_private_part_of_a_leaked_jwk_stays_outside() -> None:
    """An issuer that publishes `d` by mistake does not make us hold it."""
    key = keys_of({"keys": [SigningKey("k-1").jwk() | {"d": "AAAA"}]})[("k-1", "ES256")]
    assert not hasattr(key, "sign")


@pytest.mark.parametrize(
    "url",
    ["http://id.example/x", "file:///etc/passwd", "ftp://id.example/", "https://u:p@id.example/",
     "https://", "http://127.0.0.1.evil.example/", "https://id.example/a b", "https://x:port/"],
)  # fmt: skip
def test_unsafe_addresses_are_never_asked(url: str) -> None:
    """https only, but for this machine; no credentials in an address."""
    assert not is_safe_url(url)
    with pytest.raises(FetchFailed):
        UrllibFetch().get(url)


def test_a_huge_answer_is_cut_off(guard: Guard, issuer: LocalIssuer) -> None:
    """A key set beyond the cap is no key set."""
    issuer.keys[0].kid = "k" * 300_000
    with pytest.raises(IssuerUnreachable):
        guard.check(token(claims(issuer.url), SigningKey("k-1")))
