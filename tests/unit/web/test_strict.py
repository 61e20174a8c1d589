"""The rules for a request head, one by one. The wire tests show that they are asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.web import strict

HOSTS = strict.hosts_of(["https://id.example"])
HOST = (b"host", b"id.example")


def checked(
    *headers: tuple[bytes, bytes], raw_path: bytes = b"/token", query: bytes = b""
) -> strict.Head:
    return strict.checked_head(raw_path=raw_path, query=query, headers=headers, allowed_hosts=HOSTS)


def test_a_plain_head_is_accepted() -> None:
    """Path decoded, length as a number, nothing chunked."""
    head = checked(HOST, (b"content-length", b"12"), raw_path=b"/a%20b/%C3%A9")
    assert head == strict.Head(path="/a b/é", content_length=12, chunked=False)


def test_a_default_port_may_be_left_out_or_spelled_out() -> None:
    """RFC 9110 §4.2.1: https://id.example and https://id.example:443 are one; :80 is another."""
    assert strict.hosts_of(["https://id.example"]) == {b"id.example", b"id.example:443"}
    assert strict.hosts_of(["http://[::1]:8000"]) == {b"[::1]:8000"}
    assert strict.hosts_of(["Probe.Internal:81"]) == {b"probe.internal:81"}


def test_a_host_is_compared_without_regard_to_case() -> None:
    """RFC 9110 §4.2.3."""
    assert checked((b"host", b"ID.Example")).path == "/token"


@pytest.mark.parametrize(
    "host", [b"evil.example", b"id.example:80", b"id.example.", b"x.id.example", b"id.example@x"]
)
def test_a_host_that_only_looks_alike_is_unknown(host: bytes) -> None:
    """The list is exact: no suffix, no trailing dot, no other port."""
    with pytest.raises(strict.UnknownHost):
        checked((b"host", host))


def test_a_probe_may_come_by_any_well_formed_host_but_needs_one() -> None:
    """Load balancers ask /healthz by address; a malformed or missing Host stays refused."""
    assert checked((b"host", b"10.0.0.7:8000"), raw_path=b"/healthz").path == "/healthz"
    with pytest.raises(strict.UnknownHost):
        checked((b"host", b"a b"), raw_path=b"/healthz")
    with pytest.raises(strict.UnknownHost):
        checked(raw_path=b"/readyz")


def test_an_escaped_probe_path_opens_nothing_but_the_probe() -> None:
    """What the exemption looks at is the path that is served, decoded."""
    assert checked((b"host", b"10.0.0.7"), raw_path=b"/%68ealthz").path == "/healthz"
    with pytest.raises(strict.UnknownHost):
        checked((b"host", b"10.0.0.7"), raw_path=b"/%68ealthz/../admin")


@pytest.mark.parametrize("path", [b"/a%2Fb", b"/a%2fb", b"/a%5Cb", b"/a%5cb", b"/healthz%2f..%2fx"])
def test_a_slash_is_not_escaped(path: bytes) -> None:
    """A proxy that looks before it decodes would take /admin%2Fx for a page of the root."""
    with pytest.raises(strict.BadTarget):
        checked(HOST, raw_path=path)


@pytest.mark.parametrize("name", sorted(strict._ONE_LINE_ONLY))
def test_a_second_line_of_a_singleton_is_refused(name: bytes) -> None:
    """Whichever line a proxy looked at, the other could be the one that counts here."""
    value = {b"host": b"id.example", b"content-length": b"1"}.get(name, b"chunked")
    lines = [HOST] if name != b"host" else []
    with pytest.raises(strict.BadHeader):
        checked(*lines, (name, value), (name, value))


def test_length_and_chunks_together_are_refused() -> None:
    """CL.TE smuggling, whatever the server made of it (RFC 9112 §6.1)."""
    with pytest.raises(strict.BadFraming):
        checked(HOST, (b"content-length", b"5"), (b"transfer-encoding", b"chunked"))


@pytest.mark.parametrize("length", [b"", b"+1", b"-1", b"1, 1", b"0x1", b"1_0", "١".encode()])
def test_a_length_is_plain_digits(length: bytes) -> None:
    """int() takes signs, underscores and other scripts' digits; HTTP does not."""
    with pytest.raises(strict.BadFraming):
        checked(HOST, (b"content-length", length))


def test_an_underscore_in_a_header_name_is_refused() -> None:
    """WSGI would write X_Forwarded_For as it writes X-Forwarded-For."""
    with pytest.raises(strict.BadHeader):
        checked(HOST, (b"x_forwarded_for", b"10.0.0.1"))


def test_the_whole_head_is_bounded() -> None:
    """No line is too long, and yet the head is: 16 kB in all, and 100 lines."""
    with pytest.raises(strict.HeadTooLarge):
        checked(HOST, *[(b"x-%d" % n, b"a" * 1000) for n in range(17)])
    with pytest.raises(strict.HeadTooLarge):
        checked(HOST, *[(b"x-%d" % n, b"") for n in range(100)])
    with pytest.raises(strict.HeadTooLarge):
        checked(HOST, query=b"a" * 16_400)


@given(st.binary(max_size=40))
def test_an_accepted_path_has_no_control_character_and_one_leading_slash(tail: bytes) -> None:
    """Any bytes at all: what comes through is printable text that begins with one slash."""
    try:
        path = checked(HOST, raw_path=b"/" + tail).path
    except strict.BadTarget:
        return
    assert path.startswith("/")
    assert not tail.startswith(b"/")
    assert all(ord(character) > 31 and character != "\x7f" for character in path)


def test_a_known_path_is_taken_as_it_is_and_no_other() -> None:
    """Known are ours in the one spelling that needs no decoding; their query is checked as any."""
    known = strict.paths_of(["/oauth/token"])
    allowed = strict.hosts_of(["https://id.example"])
    headers = [(b"host", b"id.example")]

    def path_of(raw_path: bytes, query: bytes = b"") -> str:
        return strict.checked_head(
            raw_path=raw_path,
            query=query,
            headers=headers,
            allowed_hosts=allowed,
            known_paths=known,
        ).path

    assert path_of(b"/oauth/token") == path_of(b"/oauth/%74oken") == "/oauth/token"
    for raw_path, query in ((b"/oauth/token", b"a#b"), (b"/oauth%2Ftoken", b""), (b"//oauth", b"")):
        with pytest.raises(strict.BadTarget):
            path_of(raw_path, query)
    with pytest.raises(strict.BadTarget):
        strict.paths_of(["/a b"])
