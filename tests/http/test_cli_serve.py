"""`portero serve` and the commands beside it, as processes, the way that operators run them."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import CHEAP_HASH, PASSWORD, SECRET_KEY, MakeHome
from tests.support.server import PORTERO, RunningServer, StartServer, self_signed
from tests.support.services import free_port

NEW_KEY = "tests-only-Kp3vW8sJ5gD2fN7qX4cR9bT6"


def ask(url: str, body: Mapping[str, Any] | None = None, token: str = "") -> tuple[int, Any]:
    """The status and the JSON of one request."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def make(server: RunningServer, name: str = "ana") -> None:
    made = server.portero("users", "create", name, "--password-stdin", "--json", stdin=PASSWORD)
    assert made.returncode == 0, made.stderr


def log_in(server: RunningServer, name: str = "ana") -> Any:
    status, answer = ask(f"{server.url}/login", {"username": name, "password": PASSWORD})
    assert status == 200, answer
    return answer


def within_a_second(holds: Callable[[], bool]) -> bool:
    """Whether it came to hold within 1 s (decision "How fast an end is seen")."""
    pause = threading.Event()
    return any(holds() or pause.wait(0.05) for _ in range(20))


def test_the_first_start_says_where_it_is_and_what_to_do(server: StartServer) -> None:
    """URL, data, the generated key, the first account; a second start has no need for the last."""
    first = server(CHEAP_HASH)
    log = first.log()
    assert f" is at {first.url} (data in {first.folder / 'var'})\n" in log
    assert "SECRET_KEY was generated and is kept in" in log
    assert "portero users create" in log
    make(first)
    assert log_in(first)["user"]["username"] == "ana"
    assert first.stop() == 0
    env = {**CHEAP_HASH, "PORTERO_DATA_DIR": str(first.folder / "var")}
    again = server(env)
    assert "portero users create" not in again.log()
    assert log_in(again)["user"]["username"] == "ana"
    assert again.stop() == 0


def test_options_win_over_the_environment(server: StartServer, tmp_path: Path) -> None:
    """And --json answers with one document when it listens."""
    running = server({"PORTERO_WORKERS": "none"}, "--workers", "2", "--json")
    log = running.log()
    document, _ = json.JSONDecoder().raw_decode(log, log.index("{\n"))
    assert document["url"] == running.url
    assert document["data_dir"] == str(running.folder / "var")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--port", "many"), "PORTERO_PORT must be "),
        (("--tls-cert", "nowhere.pem"), "PORTERO_TLS_CERT and PORTERO_TLS_KEY must be set "),
        (("--host", "0.0.0.0"), "PORTERO_ISSUER must be set"),
    ],
)
def test_a_start_that_can_not_be_is_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    """Exit 1 and no traceback."""
    ended = subprocess.run(
        [PORTERO, "serve", *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"portero: {sentence}")
    assert len(ended.stderr.splitlines()) == 1


def test_postgresql_behind_is_not_served(tmp_path: Path, postgresql_url: str) -> None:
    """The sentence names the command; after it, the start would go on."""
    from portero.kit.db import Database

    db = Database(postgresql_url)
    db.write(lambda tx: tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0000_past'"))
    db.dispose()
    ended = subprocess.run(
        [PORTERO, "serve", "--port", str(free_port())], cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=30,
        env={"SECRET_KEY": SECRET_KEY, "DATABASE_URL": postgresql_url},
    )  # fmt: skip
    assert ended.returncode == 1
    assert "`portero db upgrade`" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_secret_key_that_does_not_fit_is_not_served(
    tmp_path: Path, make_home: MakeHome, database_url: str
) -> None:
    """One sentence before any worker is made, instead of workers that die and are replaced."""
    make_home()
    ended = subprocess.run(
        [PORTERO, "serve", "--port", str(free_port())], cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=30,
        env={"SECRET_KEY": NEW_KEY, "DATABASE_URL": database_url},
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("portero: SECRET_KEY does not open the signing keys")
    assert len(ended.stderr.splitlines()) == 1


def test_what_a_command_changes_every_worker_sees_within_a_second(
    server: StartServer, database_url: str
) -> None:
    """A disabled account's token opens nothing any more, in whichever worker it is shown."""
    running = server({**CHEAP_HASH, "DATABASE_URL": database_url}, "--workers", "2")
    make(running)
    tokens = log_in(running)
    url = f"{running.url}/protected"
    assert ask(url, token=tokens["access_token"])[0] == 200
    assert running.portero("users", "disable", "ana").returncode == 0

    def refused_everywhere() -> bool:
        return {ask(url, token=tokens["access_token"])[0] for _ in range(8)} == {401}

    assert within_a_second(refused_everywhere)
    assert ask(f"{running.url}/refresh", {"refresh_token": tokens["refresh_token"]})[0] == 401


def test_secret_key_is_rotated_without_signing_anybody_out(server: StartServer) -> None:
    """New key with the former as fallback, reencrypt, drop the fallback: old access tokens still
    verify, old refresh tokens still work, and nothing is made anew."""
    first = server({**CHEAP_HASH, "SECRET_KEY": SECRET_KEY})
    make(first)
    tokens = log_in(first)
    assert first.stop() == 0
    same = {**CHEAP_HASH, "PORTERO_DATA_DIR": str(first.folder / "var"),
            "PORTERO_ISSUER": first.url, "SECRET_KEY": NEW_KEY}  # fmt: skip
    both = {**same, "SECRET_KEY_FALLBACKS": SECRET_KEY}
    counted = subprocess.run(
        [PORTERO, "keys", "reencrypt", "--json"], cwd=first.folder, env=both, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert json.loads(counted.stdout)["keys"] >= 1
    second = server({**same, "PORTERO_PORT": str(first.port)})
    assert ask(f"{second.url}/protected", token=tokens["access_token"])[0] == 200
    status, renewed = ask(f"{second.url}/refresh", {"refresh_token": tokens["refresh_token"]})
    assert status == 200, renewed
    assert ask(f"{second.url}/protected", token=renewed["access_token"])[0] == 200
    assert json.loads(second.portero("doctor", "--json").stdout)[-1]["state"] == "ok"


def test_tls_without_a_proxy(server: StartServer, tmp_path: Path) -> None:
    """--tls-cert and --tls-key: the ready line is https, and the socket speaks it."""
    cert, key = self_signed(tmp_path)
    port = free_port()
    process = subprocess.Popen(
        [PORTERO, "serve", "--port", str(port), "--tls-cert", str(cert), "--tls-key", str(key)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=dict(CHEAP_HASH),
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert f"https://127.0.0.1:{port}" in process.stdout.readline()
        trusting = ssl.create_default_context(cafile=str(cert))
        url = f"https://127.0.0.1:{port}/healthz"
        with urllib.request.urlopen(url, timeout=20, context=trusting) as answer:
            assert answer.status == 200
    finally:
        process.terminate()
        assert process.wait(20) == 0
        if process.stdout is not None:
            process.stdout.close()


def test_logs_of_a_server_are_json_without_a_secret(server: StartServer) -> None:
    """The run of a failing and a working login: each log line is an object, no password in any."""
    running = server({**CHEAP_HASH, "SECRET_KEY": SECRET_KEY, "PORTERO_LOG_LEVEL": "debug"})
    make(running)
    tokens = log_in(running)
    ask(f"{running.url}/login", {"username": "ana", "password": "wrong but secret too"})
    assert running.stop() == 0
    log = running.log()
    for secret in (SECRET_KEY, PASSWORD, "wrong but secret", *_token_texts(tokens)):
        assert secret not in log
    assert all(json.loads(line)["ts"] for line in log.splitlines() if line.startswith("{"))


def test_wsgi_app_serves_and_hears_changes(tmp_path: Path) -> None:
    """`portero.wsgi:app` acts at import: schema, keys, threads; nothing else has to be run."""
    program = (
        "from portero.wsgi import app\n"
        "client = app.test_client()\n"
        "assert client.get('/readyz').status_code == 200\n"
        "import threading\n"
        "names = {t.name for t in threading.enumerate()}\n"
        "assert {'portero-changes', 'portero-outbox'} <= names, names\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=dict(CHEAP_HASH), capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


def _token_texts(tokens: Mapping[str, Any]) -> list[str]:
    return [str(tokens["access_token"]), str(tokens["refresh_token"])]
