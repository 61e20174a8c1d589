"""Redirect URIs: what may be registered, and what is the same."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portero.protocol.oauth.faults import Unacceptable
from portero.protocol.oauth.redirect_uris import check_redirect_uri, host_of, is_claimed, matches
from tests.support.url_corpus import CORPUS

ODD = tuple(url for urls in CORPUS.values() for url in urls)
GOOD_ANYWHERE = (
    "https://rp.example/cb",
    "https://rp.example",
    "https://RP.example:8443/CB?tenant=a&x=%20",
    "https://xn--mnchen-3ya.example/cb",
    "https://192.0.2.1/cb",
    "https://[2001:db8::1]:444/cb",
    "http://127.0.0.1/cb",
    "http://127.0.0.1:49152/cb",
    "http://[::1]:1/",
    "http://localhost:3000/auth/callback",
)
GOOD_NATIVE = (
    "com.example.app:/cb",
    "com.example.MyApp://oauth/cb",
    "com.example.app:///cb",
)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("uri", GOOD_ANYWHERE)
def test_https_and_loopback_http_may_be_registered(uri: str, native: bool) -> None:
    """https anywhere and http on loopback are good for web and native applications."""
    assert check_redirect_uri(uri, native=native).scheme == uri.partition(":")[0]


@pytest.mark.parametrize("uri", GOOD_NATIVE)
def test_private_use_schemes_are_for_native_applications(uri: str) -> None:
    """RFC 8252 §7.1: a native application may register one, a web application may not."""
    assert check_redirect_uri(uri, native=True).scheme.startswith("com.example.")
    with pytest.raises(Unacceptable) as refused:
        check_redirect_uri(uri, native=False)
    assert refused.value.code == "uri_scheme"


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("https://rp.example/cb#x", "uri_fragment"),
        ("https://a@rp.example/cb", "uri_userinfo"),
        ("https://*.rp.example/cb", "uri_host"),
        ("https://rp.example/*", "uri_wildcard"),
        ("https://rp.example/../cb", "uri_dot_segment"),
        ("http://rp.example/cb", "uri_insecure"),
        ("javascript:alert(1)", "uri_scheme"),
        ("/cb", "uri_not_absolute"),
        ("https:/cb", "uri_host"),
        ("https://rp.example/\\", "uri_malformed"),
        ("https://rp.example/" + "a" * 2048, "uri_too_long"),
    ],
)
def test_the_refusal_says_what_is_wrong(uri: str, code: str) -> None:
    """A developer learns which rule the URI broke."""
    with pytest.raises(Unacceptable) as refused:
        check_redirect_uri(uri, native=True)
    assert refused.value.code == code


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A good URI with a few characters put in or taken out."""
    text: str = draw(st.sampled_from(GOOD_ANYWHERE + GOOD_NATIVE))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        put = draw(st.sampled_from("/\\@:#?[]%.*\t\n \x00a1\u3002\uff0f") | st.characters())
        text = text[:at] + put + text[at + draw(st.integers(0, 1)) :]
    return text


@given(damaged())
@example("https://rp.example\t/cb")
def test_what_is_accepted_is_read_alike_by_another_parser(text: str) -> None:
    """Whatever passes has one host, the same to another URL parser, and no user, fragment or
    character that a browser would repair."""
    try:
        uri = check_redirect_uri(text, native=True)
    except Unacceptable:
        return
    other = urlsplit(text)
    assert other.scheme == uri.scheme
    assert (other.hostname or "") == uri.host.strip("[]")
    assert other.username is None
    assert "#" not in text
    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set(' \\"<>^`{|}')


@given(
    registered=st.sampled_from(GOOD_ANYWHERE + GOOD_NATIVE),
    other=st.sampled_from(GOOD_ANYWHERE + GOOD_NATIVE + ODD),
)
def test_only_the_port_of_a_loopback_ip_may_differ(registered: str, other: str) -> None:
    """Of all URIs known here, one matches another only if it is the same but for that port."""
    if matches(registered, other):
        without_port = [
            uri.replace(":49152", "", 1).replace("]:1/", "]/", 1) for uri in (registered, other)
        ]
        assert without_port[0] == without_port[1]


@given(port=st.integers(min_value=1, max_value=65535))
def test_any_port_of_a_loopback_ip_matches(port: int) -> None:
    """RFC 8252 §7.3: with or without a port registered, any port is the same URI."""
    assert matches("http://127.0.0.1/cb?x=1", f"http://127.0.0.1:{port}/cb?x=1")
    assert matches("http://[::1]:8080/cb", f"http://[::1]:{port}/cb")
    assert matches("http://127.0.0.1:8080", "http://127.0.0.1")


@pytest.mark.parametrize(
    ("registered", "given_uri"),
    [
        ("https://rp.example/cb", "https://rp.example/CB"),
        ("https://rp.example/cb", "https://RP.example/cb"),
        ("https://rp.example/cb", "https://rp.example/cb/"),
        ("https://rp.example/cb", "https://rp.example/cb?x=1"),
        ("https://rp.example/cb", "https://rp.example:443/cb"),
        ("https://rp.example/cb", "https://rp.example/%63b"),
        ("https://rp.example/cb", "https://rp.example/cb\n"),
        ("https://rp.example:1/cb", "https://rp.example:2/cb"),
        ("http://localhost:1/cb", "http://localhost:2/cb"),
        ("http://localhost/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://localhost/cb"),
        ("http://127.0.0.1/cb", "http://[::1]/cb"),
        ("http://127.0.0.1/cb", "https://127.0.0.1:1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/other"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb?x"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:0/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:65536/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:٣/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80@evil.example/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1.evil.example/cb"),
        ("http://127.0.0.1", "http://127.0.0.1.evil.example"),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:1/cb\n"),
        ("com.example.app:/cb", "com.example.APP:/cb"),
    ],
)
def test_all_else_is_compared_exactly(registered: str, given_uri: str) -> None:
    """CVE-2024-8883, CVE-2020-15233: a near miss is a miss."""
    assert not matches(registered, given_uri)


def test_only_https_off_loopback_is_claimed() -> None:
    """RFC 8252 §8.6: loopback and private-use schemes can be taken by any program."""
    assert is_claimed("https://rp.example/cb")
    for uri in ("http://127.0.0.1/cb", "com.example.app:/cb", "https://localhost/cb",
                "https://app.localhost/cb", "https://127.0.0.1/cb"):  # fmt: skip
        assert not is_claimed(uri)


def test_the_host_is_that_of_a_web_uri() -> None:
    """A private-use scheme names no host, whatever stands after its slashes."""
    assert host_of("https://RP.example:8443/cb") == "rp.example"
    assert host_of("com.example.app://rp.example/cb") == ""
