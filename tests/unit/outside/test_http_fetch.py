"""Outgoing HTTP: what is reached, and above all what is not."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portero.outside.addresses import is_loopback, is_public
from portero.outside.http_fetch import FetchFailed, FetchForbidden, HttpFetch
from portero.outside.pinned import RESOLVERS, resolve
from tests.unit.outside.conftest import OtherServer, send


@pytest.fixture
def near() -> HttpFetch:
    """As in development: loopback is allowed."""
    return HttpFetch(allow_loopback=True)


def test_an_answer_comes_whole(other: OtherServer, near: HttpFetch) -> None:
    """Status, headers in lower case, body."""
    other.answer = lambda handler: send(handler, 404, b"nothing", X_Kind="none")
    found = near.get(f"{other.url}/a?b=c", headers={"X-Ask": "1"})
    assert (found.status, found.body, found.headers["x_kind"]) == (404, b"nothing", "none")
    path, headers = other.requests[0]
    assert (path, headers["x-ask"]) == ("/a?b=c", "1")
    assert headers["host"] == f"127.0.0.1:{other.port}"


def test_a_body_is_sent(other: OtherServer, near: HttpFetch) -> None:
    """With its length."""
    received: list[bytes] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        received.append(handler.rfile.read(int(handler.headers["Content-Length"])))
        send(handler, 204, b"")

    other.answer = answer
    assert near.send("POST", other.url, body=b"payload").status == 204
    assert received == [b"payload"]


def test_redirects_are_answers_and_not_followed(other: OtherServer, near: HttpFetch) -> None:
    """The attack: a public server that redirects to the metadata service."""
    other.answer = lambda handler: send(handler, 302, b"", Location="http://169.254.169.254/")
    assert near.get(other.url).status == 302
    assert len(other.requests) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_is_closed_by_default(other: OtherServer, scheme: str) -> None:
    """And no connection is made."""
    with pytest.raises(FetchForbidden):
        HttpFetch().get(f"{scheme}://localhost:{other.port}/")
    assert other.requests == []


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "10.0.0.1", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "0.0.0.0"],
)
def test_private_addresses_are_closed_even_in_development(near: HttpFetch, host: str) -> None:
    """Allowing loopback allows nothing else."""
    with pytest.raises(FetchForbidden):
        near.get(f"https://{host}/")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1"])
def test_other_spellings_of_loopback_are_closed(other: OtherServer, host: str) -> None:
    """What counts is the address that the resolver makes of them."""
    with pytest.raises((FetchForbidden, FetchFailed)):
        HttpFetch(allowed_hosts=["example.org"]).get(f"https://{host}:{other.port}/")
    assert other.requests == []


def test_plain_http_is_for_loopback_and_allowed_hosts_only(near: HttpFetch) -> None:
    """Also in development: a public host needs https."""
    with pytest.raises(FetchForbidden):
        near.get("http://1.1.1.1/")
    with pytest.raises(FetchForbidden):
        HttpFetch().get("http://1.1.1.1/")


def test_an_allowed_host_may_be_plain_and_private(other: OtherServer) -> None:
    """The operator said so, by name."""
    assert HttpFetch(allowed_hosts=["LOCALHOST"]).get(f"http://localhost:{other.port}/").body
    with pytest.raises(FetchForbidden):
        HttpFetch(allowed_hosts=["localhost"]).get(other.url)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://example.org/", "https://user@example.org/", "https:///x", "x"],
)
def test_strange_urls_are_refused(near: HttpFetch, url: str) -> None:
    """Only http(s), with a host, without credentials."""
    with pytest.raises(FetchForbidden):
        near.get(url)


def test_a_large_answer_is_cut_off(other: OtherServer, near: HttpFetch) -> None:
    """At the cap, whatever Content-Length says."""
    other.answer = lambda handler: send(handler, 200, b"x" * 1001)
    with pytest.raises(FetchFailed, match="larger"):
        near.get(other.url, max_bytes=1000)
    assert len(near.get(other.url, max_bytes=1001).body) == 1001


def test_a_compressed_answer_is_not_unpacked(other: OtherServer, near: HttpFetch) -> None:
    """A bomb stays as small as it came."""
    other.answer = lambda handler: send(handler, 200, b"\x1f\x8b", Content_Encoding="gzip")
    assert near.get(other.url).body == b"\x1f\x8b"


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_server_that_drips_is_cut_off(other: OtherServer, near: HttpFetch, part: str) -> None:
    """The time is for all of it: bytes that keep coming do not extend it."""
    done = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if part == "body":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        else:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        try:
            while not done.wait(0.05):
                handler.wfile.write(b"x")
                handler.wfile.flush()
        except OSError:
            return  # the other side has hung up, as it should

    other.answer = answer
    began = monotonic()
    with pytest.raises(FetchFailed):
        near.get(other.url, timeout_seconds=0.3)
    done.set()
    assert monotonic() - began < 2


def test_nobody_listening_is_a_failure(other: OtherServer, near: HttpFetch) -> None:
    """Of the kind that can be tried again."""
    other.server.server_close()
    with pytest.raises(FetchFailed):
        near.get(other.url)


def test_a_name_that_does_not_exist_is_a_failure(near: HttpFetch) -> None:
    """And not an error of the resolver."""
    with pytest.raises(FetchFailed):
        near.get("https://nowhere.invalid/")


def test_names_that_are_never_answered_hold_up_nobody_else(
    other: OtherServer, near: HttpFetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attack: URLs whose name server is silent. The lookup can't be ended, and must not be in the
    way of the next one; one that has not begun is not begun any more."""
    system, answered, begun = socket.getaddrinfo, threading.Event(), []

    def resolver(host: str, *rest: Any, **more: Any) -> Any:
        if host.endswith("silent.example"):
            begun.append(host)
            answered.wait(20)
        return system("127.0.0.1" if host.endswith("example") else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    names = [f"{n}.silent.example" for n in range(32)]
    with ThreadPoolExecutor(len(names)) as pool:
        tried = [pool.submit(resolve, name, 443, seconds=0.01) for name in names]
        assert all(isinstance(each.exception(), FetchFailed) for each in tried)
    assert near.get(f"http://good.example:{other.port}").status == 200
    for name in names * 2:
        with pytest.raises(FetchFailed):
            resolve(name, 443, seconds=0.001)
    answered.set()
    assert resolve("good.example", 443, seconds=10) == ["127.0.0.1"]
    assert len(begun) <= RESOLVERS


def test_proxies_of_the_environment_are_ignored(
    other: OtherServer, near: HttpFetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would resolve the name itself, and undo the check."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert near.get(other.url).status == 200


def test_tls_checks_the_name_and_not_the_pinned_address(other: OtherServer, tmp_path: Path) -> None:
    """The certificate must be for the host in the URL, though the address was resolved before."""
    certificate = _certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    other.server.socket = context.wrap_socket(other.server.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    fetch = HttpFetch(allow_loopback=True, ssl_context=trusting)
    assert fetch.get(f"https://localhost:{other.port}/").status == 200
    with pytest.raises(FetchFailed):
        fetch.get(f"https://127.0.0.1:{other.port}/")
    with pytest.raises(FetchFailed):
        HttpFetch(allow_loopback=True).get(f"https://localhost:{other.port}/")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.1.1",
        "192.0.2.1",
        "198.19.255.255",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "ff02::1",
        "not an address",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    """Private, reserved, multicast, documentation, and those that carry another address."""
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"]
)
def test_addresses_that_are_public(address: str) -> None:
    """Close neighbours of the closed ranges among them."""
    assert is_public(address)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("127.8.9.1", True), ("::1", True), ("::ffff:127.0.0.1", False), ("10.0.0.1", False)],
)
def test_loopback_is_loopback(address: str, expected: bool) -> None:
    """And no other private address."""
    assert is_loopback(address) is expected


def _certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate for the name, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path
