"""The server as a process: workers, hooks, the drain, TLS."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import subprocess
import sys
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.http.front.conftest import StartFront, body_of, read_all, statuses

DRAIN_SECONDS = 8


def test_a_request_in_flight_ends_well_while_new_ones_are_refused(
    start_front: StartFront,
) -> None:
    """After SIGTERM what is being answered is answered, nobody new comes in, and it exits 0."""
    front = start_front()
    with front.connect() as wire:
        wire.sendall(b"GET /gate HTTP/1.1\r\nHost: %s\r\n\r\n" % front.host)
        inside = front.entered()
        with front.connect() as idle:
            front.terminate()
            assert statuses(read_all(idle)) in ([], [408])  # closed, and not kept waiting for
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", front.port))
        inside.close()
        answer = read_all(wire)
    assert body_of(answer) == b"through"
    assert b"Connection: close" in answer
    assert front.process.wait(DRAIN_SECONDS) == 0


def test_a_request_that_never_ends_does_not_hold_up_the_end(start_front: StartFront) -> None:
    """The drain is bounded: a thread that hangs is left behind, and the stop hooks still run."""
    front = start_front()
    with front.connect() as wire:
        wire.sendall(b"GET /gate HTTP/1.1\r\nHost: %s\r\n\r\n" % front.host)
        inside = front.entered()
        front.terminate()
        assert front.process.wait(DRAIN_SECONDS + 2) == 0
        inside.close()
    assert [word for word, _ in front.notes()] == ["start", "stop"]


def test_two_workers_answer_and_each_runs_the_hooks_itself(start_front: StartFront) -> None:
    """Both workers take requests; hooks run in them, after the fork, and not in the parent."""
    front = start_front(workers=2)
    pids = set()
    for _ in range(500):
        pids.add(body_of(front.ask("/pid")).decode())
        if len(pids) == 2:
            break
    front.terminate()
    assert front.process.wait(DRAIN_SECONDS) == 0
    assert len(pids) == 2
    assert str(front.process.pid) not in pids
    assert sorted(front.notes()) == sorted([w, p] for w in ("start", "stop") for p in pids)


def test_a_failing_start_hook_stops_the_server(start_front: StartFront, tmp_path: Path) -> None:
    """A worker that can't start ends the server with a failure, not with a loop of restarts."""
    (tmp_path / "fail").touch()
    front = start_front()
    assert front.process.wait(DRAIN_SECONDS) != 0
    assert "asked to fail" in (tmp_path / "errors").read_text()


def test_only_what_we_print_is_on_standard_output(start_front: StartFront, tmp_path: Path) -> None:
    """No banner: the URL is all, and standard error is silent in a calm run."""
    front = start_front()
    assert statuses(front.ask("/cheap")) == [200]
    front.terminate()
    front.process.wait(DRAIN_SECONDS)
    assert front.process.stdout is not None
    assert front.process.stdout.read() == b""
    assert (tmp_path / "errors").read_text() == ""


def test_tls_is_served_and_the_pages_see_https(start_front: StartFront, tmp_path: Path) -> None:
    """With a certificate the same port speaks TLS, and the scheme is https."""
    certificate = _write_certificate(tmp_path / "cert.pem")
    trusting = ssl.create_default_context(cadata=certificate)
    trusting.check_hostname = False
    front = start_front(tls=trusting)
    assert b'"wsgi.url_scheme":"https"' in front.ask("/seen")


def test_importing_the_serving_module_does_not_import_the_server() -> None:
    """`portero --help` is quick: gunicorn is loaded when something is served."""
    script = "import sys, portero.cli.serving; sys.exit('gunicorn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], env=os.environ).returncode == 0


def _write_certificate(path: Path) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "portero test")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False
        )
        .sign(key, SHA256())
    )
    pem = made.public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + secret)
    return pem.decode()
