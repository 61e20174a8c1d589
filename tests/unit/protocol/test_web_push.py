"""Web Push: the vectors of RFC 8291 and RFC 8292, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from portero.protocol import web_push

# RFC 8291 §5 and Appendix A.
_MESSAGE = b"When I grow up, I want to be a watermelon"
_SENDER_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
_RECEIVER_POINT = (
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
)
_AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
_SALT = "DGv6ra1nlYgDCS1FRnbzlw"
_BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
    "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
    "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
# RFC 8292 §2.4.
_TOKEN = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9."
    "eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3Njgs"
    "InN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0."
    "i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNj"
    "jvW2L9OkSSHzvoD1oA"
)
_TOKEN_KEY = (
    "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
)
_NOW = datetime(2030, 1, 1, tzinfo=UTC)


def _private(base64url: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(web_push.octets(base64url), "big")
    return ec.derive_private_key(number, ec.SECP256R1())


def test_the_message_of_rfc_8291() -> None:
    """Appendix A: the same key, salt and message give the same octets."""
    made = web_push.encrypted(
        _MESSAGE,
        to=web_push.receiver_of(_RECEIVER_POINT, _AUTH),
        ephemeral=_private(_SENDER_PRIVATE),
        salt=web_push.octets(_SALT),
    )
    assert web_push.text(made) == _BODY


def test_the_longest_message_fits_what_each_service_takes() -> None:
    """RFC 8030 §7.2: 4096 octets; one more is refused here and not there."""
    to = web_push.receiver_of(_RECEIVER_POINT, _AUTH)
    key, salt = _private(_SENDER_PRIVATE), bytes(16)
    longest = b"x" * web_push.LONGEST_MESSAGE
    assert len(web_push.encrypted(longest, to=to, ephemeral=key, salt=salt)) == 4096
    with pytest.raises(ValueError, match="longer"):
        web_push.encrypted(longest + b"x", to=to, ephemeral=key, salt=salt)


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        (_RECEIVER_POINT[:-4], _AUTH),
        (_RECEIVER_POINT, _AUTH[:-4]),
        ("B" + "A" * 86, _AUTH),  # of the right length, and on no curve
        ("C" + _RECEIVER_POINT[1:], _AUTH),
        ("", ""),
        ("ä" * 87, _AUTH),
        (_RECEIVER_POINT.replace("_", "/"), _AUTH),
    ],
)
def test_keys_that_are_none(p256dh: str, auth: str) -> None:
    """What a page may send in the place of a browser's keys is refused as it comes in."""
    with pytest.raises(ValueError, match=r"base64url|length|point|curve|key"):
        web_push.receiver_of(p256dh, auth)


def test_padding_of_base64_does_no_harm() -> None:
    """Some browsers pad."""
    bare = web_push.receiver_of(_RECEIVER_POINT, _AUTH)
    assert web_push.receiver_of(_RECEIVER_POINT + "=", _AUTH + "==") == bare


def test_the_key_of_rfc_8292_reads_its_token() -> None:
    """§2.4, with the reading that the tests of ours use below: it accepts the RFC's own."""
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), web_push.octets(_TOKEN_KEY))
    claims = jwt.decode(
        _TOKEN, key, ["ES256"], audience="https://push.example.net", options={"verify_exp": False}
    )
    assert claims["sub"] == "mailto:push@example.com"
    assert web_push.text(web_push.point_of(key)) == _TOKEN_KEY


def test_the_service_is_shown_who_sends() -> None:
    """RFC 8292 §2 and §3: signed for the endpoint's origin, for less than a day, with the key
    beside it; and nothing in the header beyond what the RFC's own example has."""
    key = _private(_SENDER_PRIVATE)
    header = web_push.authorization(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV?a=b",
        key=key,
        contact="mailto:push@example.com",
        now=_NOW,
    )
    scheme, _, rest = header.partition(" ")
    values = dict(part.split("=", 1) for part in rest.split(", "))
    assert scheme == "vapid"
    assert web_push.octets(values["k"]) == web_push.point_of(key.public_key())
    claims = jwt.decode(
        values["t"], key.public_key(), ["ES256"], options={"verify_exp": False, "verify_aud": False}
    )
    assert claims == {
        "aud": "https://push.example.net",
        "exp": int((_NOW + timedelta(hours=12)).timestamp()),
        "sub": "mailto:push@example.com",
    }
    assert json.loads(web_push.octets(values["t"].split(".")[0])) == {"alg": "ES256", "typ": "JWT"}


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://Push.Example.net/a/b", "https://push.example.net"),
        ("https://push.example.net:443/a", "https://push.example.net"),
        ("https://push.example.net:8443/a", "https://push.example.net:8443"),
        ("http://127.0.0.1:9000/a", "http://127.0.0.1:9000"),
        ("http://[::1]:9000/a", "http://[::1]:9000"),
    ],
)
def test_the_origin_of_an_endpoint(endpoint: str, origin: str) -> None:
    """RFC 8292 §2: `aud` is the origin (RFC 6454 §6.1), whatever way it was written."""
    assert web_push.origin_of(endpoint) == origin
