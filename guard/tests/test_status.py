"""Revoked tokens: the status list, its times, and lists that are not to be believed."""

from __future__ import annotations

import base64
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import jwt
import pytest

from guard.tests.local_issuer import AUDIENCE, NOW, LocalIssuer, Moving, SigningKey
from portero_guard import ConfigurationError, Credentials, Guard, Issuer
from portero_guard.errors import IssuerUnreachable, TokenRefused
from portero_guard.keys import FetchNeeded
from portero_guard.status_list import INFLATED_CAP, check_status_list, status_reference

LIST = "/oauth/status-list"
TTL, LIFETIME = 5, 300


def lst(octets: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(octets, 9)).rstrip(b"=").decode()


def bits_of(*revoked: int, size: int = 64) -> bytes:
    octets = bytearray(size // 8)
    for index in revoked:
        octets[index // 8] |= 1 << index % 8
    return bytes(octets)


def list_claims(issuer: LocalIssuer, now: datetime, octets: bytes, **changes: Any) -> Any:
    at = int(now.timestamp())
    full = {
        "iss": issuer.url,
        "sub": issuer.url + LIST,
        "iat": at,
        "exp": at + LIFETIME,
        "ttl": TTL,
        "status_list": {"bits": 1, "lst": lst(octets)},
    } | changes
    return {name: value for name, value in full.items() if value is not None}


def signed(content: Any, key: SigningKey, **header: Any) -> bytes:
    headers = {"typ": "statuslist+jwt", "kid": key.kid} | header
    return jwt.encode(content, key.private, algorithm="ES256", headers=headers).encode()


def publish(
    issuer: LocalIssuer, *revoked: int, now: datetime = NOW, size: int = 64, **changes: Any
) -> None:
    content = list_claims(issuer, now, bits_of(*revoked, size=size), **changes)
    issuer.lists[LIST] = signed(content, issuer.keys[-1])


def token_with(issuer: LocalIssuer, index: Any, now: datetime = NOW, **more: Any) -> str:
    uri = more.pop("uri", issuer.url + LIST)
    return issuer.token(now, status={"status_list": {"idx": index, "uri": uri}}, **more)


def guard_with(issuer: LocalIssuer, moving: Moving, **options: Any) -> Guard:
    return Guard(
        issuers=issuer.url,
        audience=AUDIENCE,
        clock=moving.now,
        monotonic=moving.monotonic,
        **options,
    )


# --- what the list says


def test_a_token_is_refused_once_its_bit_is_set(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """Within the ttl, remembered or not; its neighbours go on."""
    mine, others = token_with(issuer, 9), token_with(issuer, 10)
    publish(issuer)
    guard.check(mine)
    guard.check(others)
    publish(issuer, 9, now=NOW)
    guard.check(mine)  # the list of a moment ago still counts
    moving.advance(TTL)
    for _ in range(2):
        with pytest.raises(TokenRefused):
            guard.check(mine)
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, 9, jti="never seen"))
    guard.check(others)


def test_a_list_of_millions_is_read_when_half_of_them_end_at_once(
    guard: Guard, issuer: LocalIssuer
) -> None:
    """When an incident ends every other session nothing compresses: the list has to get through,
    or all tokens of everybody are refused."""
    octets = os.urandom(1024 * 1024)
    issuer.lists[LIST] = signed(list_claims(issuer, NOW, octets), issuer.keys[-1])
    ended = [bool(octets[0] >> index & 1) for index in range(8)]
    for index, is_over in enumerate(ended):
        made = token_with(issuer, index)
        if is_over:
            with pytest.raises(TokenRefused):
                guard.check(made)
        else:
            guard.check(made)


def test_one_fetch_serves_all_tokens_until_the_ttl(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """However many tokens and requests there are."""
    publish(issuer)
    for index in range(20):
        made = token_with(issuer, index, jti=str(index))
        guard.check(made)
        guard.check(made)
    assert issuer.paths[LIST] == 1
    moving.advance(TTL)
    guard.check(token_with(issuer, 1))
    assert issuer.paths[LIST] == 2


def test_the_first_tokens_share_one_fetch(guard: Guard, issuer: LocalIssuer) -> None:
    """Eight threads wait for one answer."""
    publish(issuer)
    made = [token_with(issuer, n, jti=str(n)) for n in range(32)]
    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(guard.check, made))) == 32
    assert issuer.paths[LIST] == 1


def test_a_token_that_names_no_list_needs_none(guard: Guard, issuer: LocalIssuer) -> None:
    """Nor one with a status of another mechanism; nobody is asked."""
    guard.check(issuer.token())
    guard.check(issuer.token(jti="2", status={"other": {}}))
    assert LIST not in issuer.paths


def test_an_opaque_token_needs_no_list(issuer: LocalIssuer, moving: Moving) -> None:
    """Its issuer was just asked about it."""
    given = Issuer(issuer.url, introspection=Credentials("notes-api", SECRET))
    guard = Guard(issuers=given, audience=AUDIENCE, clock=moving.now, monotonic=moving.monotonic)
    at = int(NOW.timestamp())
    issuer.active["opaque"] = {
        "active": True, "sub": "a", "aud": AUDIENCE, "client_id": "c", "exp": at + 60,
        "status": {"status_list": {"idx": 1, "uri": issuer.url + LIST}},
    }  # fmt: skip
    guard.check("opaque")
    guard.check("opaque")
    assert LIST not in issuer.paths


SECRET = "an introspection secret: 100 %"


def test_on_an_event_loop_no_list_is_fetched(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """Neither the first nor the next one; in between none is needed."""
    publish(issuer)
    made = token_with(issuer, 1)
    guard.check(issuer.token())
    for _ in range(2):
        with pytest.raises(FetchNeeded):
            guard.check(made, may_fetch=False)
        guard.check(made)
        assert guard.check(made, may_fetch=False)
        moving.advance(TTL)


@pytest.mark.parametrize(
    "status",
    [
        "revoked", [], {"status_list": 1}, {"status_list": None}, {"status_list": {}},
        {"status_list": {"idx": 1}}, {"status_list": {"uri": "https://x"}},
    ],
)  # fmt: skip
def test_a_malformed_status_is_refused(guard: Guard, issuer: LocalIssuer, status: Any) -> None:
    """Better than passing what may be revoked."""
    with pytest.raises(TokenRefused):
        guard.check(issuer.token(status=status))


@pytest.mark.parametrize("index", [-1, True, 1.0, "1", None, 64, 10**30])
def test_an_index_outside_the_list_is_refused(
    guard: Guard, issuer: LocalIssuer, index: Any
) -> None:
    """§8.3: no statement about the token is no approval."""
    publish(issuer)
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, index))


@pytest.mark.parametrize(
    "uri",
    ["https://evil.example/list", "http://169.254.169.254/latest", "http://127.0.0.1:1/oauth/list",
     "file:///etc/passwd", "http://127.0.0.1@evil.example/", "not a url", ""],
)  # fmt: skip
def test_only_the_issuers_own_origin_is_asked(guard: Guard, issuer: LocalIssuer, uri: str) -> None:
    """A token chooses no server for us (SSRF)."""
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, 1, uri=uri))


def test_a_token_with_a_bad_signature_fetches_nothing(guard: Guard, issuer: LocalIssuer) -> None:
    """Who can't sign can't make us ask."""
    publish(issuer)
    head, _, rest = token_with(issuer, 1).partition(".")
    body, _, _ = rest.partition(".")
    with pytest.raises(TokenRefused):
        guard.check(f"{head}.{body}.{'A' * 86}")
    assert LIST not in issuer.paths


# --- an issuer that is away


def test_the_last_list_serves_until_its_own_end(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """Then 503, not 401: the token may be good. When the issuer is back, so is the API."""
    publish(issuer, 3)
    good, bad = token_with(issuer, 2), token_with(issuer, 3)
    guard.check(good)
    issuer.down = True
    moving.advance(LIFETIME - 1)
    guard.check(good)
    with pytest.raises(TokenRefused):
        guard.check(bad)
    moving.advance(10)
    with pytest.raises(IssuerUnreachable) as caught:
        guard.check(good)
    assert caught.value.status == 503
    issuer.down = False
    publish(issuer, 3, now=moving.now())
    moving.advance(5)
    guard.check(good)


def test_an_api_can_want_its_lists_younger(issuer: LocalIssuer, moving: Moving) -> None:
    """`status_max_age_seconds` ends a list before its own end does."""
    guard = guard_with(issuer, moving, status_max_age_seconds=20)
    publish(issuer)
    guard.check(token_with(issuer, 2))
    issuer.down = True
    moving.advance(19)
    guard.check(token_with(issuer, 2))
    moving.advance(1)
    with pytest.raises(IssuerUnreachable):
        guard.check(token_with(issuer, 2))


def test_an_api_can_stay_open_without_a_list(issuer: LocalIssuer, moving: Moving) -> None:
    """Asked for by name; what is known to be revoked is refused as long as it is known."""
    guard = guard_with(issuer, moving, status_unavailable="accept")
    guard.check(token_with(issuer, 3))  # there is no list at all
    publish(issuer, 3)
    moving.advance(5)
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, 3))
    issuer.down = True
    moving.advance(LIFETIME + 6)
    guard.check(token_with(issuer, 3, moving.now()))


def test_an_issuer_that_is_away_is_asked_now_and_then(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """One try in five seconds, however many requests come."""
    for _ in range(20):
        with pytest.raises(IssuerUnreachable):
            guard.check(token_with(issuer, 1))
    assert issuer.paths[LIST] == 1
    moving.advance(5)
    publish(issuer)
    guard.check(token_with(issuer, 1))


def test_a_list_is_not_fetched_for_each_request(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """Whatever ttl it names."""
    publish(issuer, ttl=0.001)
    for _ in range(5):
        moving.advance(0.1)
        guard.check(token_with(issuer, 1))
    assert issuer.paths[LIST] == 1


@pytest.mark.parametrize("options", [{"status_max_age_seconds": 0}, {"status_unavailable": "open"}])
def test_no_start_with_settings_that_mean_nothing(options: Any) -> None:
    """A typing error must not open the API."""
    with pytest.raises(ConfigurationError, match="status_"):
        Guard(issuers="https://id.example", audience="a", **options)


# --- lists that are not to be believed


STRANGER = SigningKey("k-1")


@pytest.mark.parametrize(
    ("changes", "header", "key"),
    [
        ({}, {}, STRANGER),
        ({}, {"typ": "at+jwt"}, None),
        ({"sub": "http://127.0.0.1:1/oauth/other-list"}, {}, None),
        ({"iss": "https://evil.example"}, {}, None),
        ({"iat": 1e11}, {}, None),
        ({"exp": 1_000_000_000}, {}, None),
        ({"ttl": 0}, {}, None),
        ({"ttl": "5"}, {}, None),
        ({"status_list": None}, {}, None),
        ({"status_list": "x"}, {}, None),
        ({"status_list": {"bits": 3, "lst": lst(bytes(8))}}, {}, None),
        ({"status_list": {"bits": True, "lst": lst(bytes(8))}}, {}, None),
        ({"status_list": {"bits": 1, "lst": 1}}, {}, None),
        ({"status_list": {"bits": 1, "lst": ""}}, {}, None),
        ({"status_list": {"bits": 1, "lst": "AAAA"}}, {}, None),
        ({"status_list": {"bits": 1, "lst": lst(bytes(8)) + "="}}, {}, None),
        ({"status_list": {"bits": 1, "lst": lst(bytes(8))[:-4]}}, {}, None),
        ({"status_list": {"bits": 1, "lst": lst(bytes(INFLATED_CAP + 1))}}, {}, None),
    ],
)
def test_a_list_that_is_not_ours_opens_nothing(
    guard: Guard, issuer: LocalIssuer, changes: Any, header: Any, key: SigningKey | None
) -> None:
    """Another key, type, list, issuer or time; malformed; a few kB that inflate to too much."""
    content = list_claims(issuer, NOW, bytes(8), **changes)
    issuer.lists[LIST] = signed(content, key or issuer.keys[0], **header)
    with pytest.raises(IssuerUnreachable):
        guard.check(token_with(issuer, 1))


def test_a_tampered_list_opens_nothing(guard: Guard, issuer: LocalIssuer) -> None:
    """The revoked bit was taken out, and the signature left."""
    publish(issuer, 1)
    head, _, signature = issuer.lists[LIST].split(b".")
    body = signed(list_claims(issuer, NOW, bits_of()), issuer.keys[0]).split(b".")[1]
    issuer.lists[LIST] = b".".join((head, body, signature))
    with pytest.raises(IssuerUnreachable):
        guard.check(token_with(issuer, 1))


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{}", b"a.b", b"A" * 300_000])
def test_nonsense_opens_nothing(guard: Guard, issuer: LocalIssuer, body: bytes) -> None:
    """And breaks nothing."""
    issuer.lists[LIST] = body
    with pytest.raises(IssuerUnreachable):
        guard.check(token_with(issuer, 1))


def test_a_bad_list_does_not_replace_a_good_one(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """The last good one serves on, with what it knows."""
    publish(issuer, 3)
    guard.check(token_with(issuer, 2))
    issuer.lists[LIST] = b"nonsense"
    moving.advance(TTL)
    guard.check(token_with(issuer, 2))
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, 3))


def test_an_older_list_does_not_replace_a_newer_one(
    guard: Guard, issuer: LocalIssuer, moving: Moving
) -> None:
    """A list from before the revocation, sent again while it has not expired."""
    publish(issuer)
    before = issuer.lists[LIST]
    moving.advance(60)
    publish(issuer, 3, now=moving.now())
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, 3))
    issuer.lists[LIST] = before
    moving.advance(TTL)
    with pytest.raises(TokenRefused):
        guard.check(token_with(issuer, 3))


# --- reading


@pytest.mark.parametrize(
    ("width", "octets", "statuses"),
    [
        # The worked examples of the draft (§4.1): 0xB9A3, and two bits each 0xC944F9.
        (1, b"\xb9\xa3", [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]),
        (2, b"\xc9\x44\xf9", [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]),
        (4, b"\x10\x02", [0, 1, 2, 0]),
        (8, b"\x00\x01\x02", [0, 1, 2]),
    ],
)
def test_entries_are_packed_from_the_lowest_bit(
    issuer: LocalIssuer, width: int, octets: bytes, statuses: list[int]
) -> None:
    """Every width; anything but 0 is a no."""
    key = issuer.keys[0]
    packed = {"bits": width, "lst": lst(octets)}
    content = list_claims(issuer, NOW, b"", status_list=packed)
    checked = check_status_list(
        signed(content, key),
        key_for=lambda kid, alg: key.public if kid == key.kid else None,
        expected_issuer=issuer.url,
        expected_uri=issuer.url + LIST,
        now=NOW.timestamp(),
        leeway_seconds=0,
    )
    assert len(checked) == len(statuses)
    assert [checked.is_valid(n) for n in range(len(checked))] == [not s for s in statuses]


def test_the_default_port_is_the_same_origin() -> None:
    """https with and without :443; another path is fine, another scheme or host is not."""
    claims = {"status": {"status_list": {"idx": 7, "uri": "https://id.example:443/x"}}}
    found = status_reference(claims, issuer="https://id.example/tenant")
    assert found is not None
    assert found.index == 7
    with pytest.raises(TokenRefused):
        status_reference(claims, issuer="https://other.example")
