"""The doctor: what is wrong is found, said with what to do, and counted in the exit status."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.support.services import free_port
from tests.unit.cli.conftest import Portero


@pytest.fixture(autouse=True)
def on_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing answers at the issuer, whatever runs on this machine."""
    monkeypatch.setenv("PORTERO_PORT", str(free_port()))


def told(portero: Portero, check: str) -> dict[str, str]:
    rows: list[dict[str, str]] = portero("doctor", "--json").json
    return [row for row in rows if row["check"] == check][-1]


def test_a_fresh_folder_is_well(portero: Portero) -> None:
    """Warnings (no server answers yet, not migrated yet) are no failure."""
    answer = portero("doctor", "--json")
    assert answer.status == 0
    states = {row["check"]: row["state"] for row in answer.json}
    assert states == {
        "settings": "ok", "permissions": "ok", "database": "ok", "schema": "warn", "clock": "ok",
        "risk": "ok", "mail": "ok", "issuer": "warn",
    }  # fmt: skip


def test_wrong_settings_are_the_finding(portero: Portero, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else can be looked at then."""
    monkeypatch.setenv("PORTERO_WORKERS", "none")
    answer = portero("doctor", "--json")
    assert answer.status == 1
    assert [(row["check"], row["state"]) for row in answer.json] == [("settings", "fail")]
    assert "PORTERO_WORKERS" in answer.json[0]["advice"]


def test_a_database_that_does_not_answer_is_a_failure(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other checks still run; the password in the URL stays untold."""
    url = f"postgresql://nobody:secret-word@127.0.0.1:{free_port()}/none"
    monkeypatch.setenv("DATABASE_URL", url)
    answer = portero("doctor", "--json")
    assert answer.status == 1
    states = {row["check"]: row["state"] for row in answer.json}
    assert states["database"] == "fail"
    assert states["mail"] == "ok"
    assert "schema" not in states
    assert "secret-word" not in answer.out


def test_a_postgresql_that_is_behind_is_a_failure_with_the_command(
    portero: Portero, monkeypatch: pytest.MonkeyPatch, postgresql_url: str
) -> None:
    """At head it is well, and the two clocks are compared."""
    monkeypatch.setenv("DATABASE_URL", postgresql_url)
    assert told(portero, "schema")["state"] == "ok"
    assert "differ by" in told(portero, "clock")["message"]
    from portero.kit.db import Database

    db = Database(postgresql_url)
    db.write(lambda tx: tx.exec_driver_sql("UPDATE alembic_version SET version_num = '0000_past'"))
    db.dispose()
    behind = told(portero, "schema")
    assert (behind["state"], behind["advice"]) == ("fail", "Run portero db upgrade")
    refused = portero("users", "list", "--json")
    assert (refused.status, refused.problem["code"]) == (1, "database_behind")
    assert "`portero db upgrade`" in refused.problem["message"]


def test_a_mail_server_that_is_not_there_is_a_failure(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting is all that is tried."""
    monkeypatch.setenv("PORTERO_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("PORTERO_SMTP_PORT", str(free_port()))
    monkeypatch.setenv("PORTERO_SMTP_TLS", "off")
    assert told(portero, "mail")["state"] == "fail"


def test_open_secrets_are_a_failure(portero: Portero) -> None:
    """A .env that everybody may read gives everything away."""
    Path(".env").write_text("PORTERO_PRODUCT_NAME=Shop\n")
    Path(".env").chmod(0o644)
    answer = portero("doctor", "--json")
    assert answer.status == 1
    open_places = [row for row in answer.json if row["state"] == "fail"]
    assert [row["check"] for row in open_places] == ["permissions"]
    assert open_places[0]["advice"].startswith("Run chmod 600 ")


def test_an_open_data_directory_is_a_warning(portero: Portero) -> None:
    """Somebody may have meant it."""
    Path("var").mkdir(mode=0o755)
    Path("var").chmod(0o755)
    assert told(portero, "permissions")["state"] == "warn"


def test_a_client_that_the_profile_refuses_is_named(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the members at fault, so that the operator knows what to register anew."""
    portero("db", "upgrade")
    document = '{"redirect_uris": ["https://app.example/cb"]}'
    portero("clients", "create", "--metadata", "-", "--client-id", "notes", stdin=document)
    assert told(portero, "clients")["state"] == "ok"
    monkeypatch.setenv("PORTERO_PROFILE", "fapi2")
    found = told(portero, "clients")
    assert found["state"] == "warn"
    assert "notes (token_endpoint_auth_method)" in found["message"]
    refused = portero("clients", "create", "--metadata", "-", stdin=document)
    assert refused.status == 1
    assert "token_endpoint_auth_method: The FAPI 2.0 profile does not allow this." in refused.err


Somewhere = Callable[[dict[str, Any]], str]


@pytest.fixture
def somewhere() -> Iterator[Somewhere]:
    """`somewhere({path: document})` is the URL of a server that has these documents alone."""
    servers: list[ThreadingHTTPServer] = []

    def start(documents: dict[str, Any]) -> str:
        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(documents.get(self.path)).encode()
                self.send_response(200 if self.path in documents else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_issuer_is_well_when_it_says_its_own_name(
    portero: Portero, monkeypatch: pytest.MonkeyPatch, somewhere: Somewhere
) -> None:
    """In the document that clients look for, below its path."""
    documents: dict[str, Any] = {"/auth/.well-known/openid-configuration": {}}
    issuer = f"{somewhere(documents)}/auth"
    monkeypatch.setenv("PORTERO_ISSUER", issuer)
    documents["/auth/.well-known/openid-configuration"] = {"issuer": issuer}
    assert told(portero, "issuer")["state"] == "ok"
    for wrong in ({"issuer": f"{issuer}/"}, {}, [issuer]):
        documents["/auth/.well-known/openid-configuration"] = wrong
        assert told(portero, "issuer")["state"] == "fail"


def test_a_proxy_that_takes_the_path_away_is_found(
    portero: Portero, monkeypatch: pytest.MonkeyPatch, somewhere: Somewhere
) -> None:
    """Probes would answer all the same: they are at the root too."""
    origin = somewhere({"/auth/healthz": {}, "/healthz": {}})
    monkeypatch.setenv("PORTERO_ISSUER", f"{origin}/auth")
    answer = told(portero, "issuer")
    assert answer["state"] == "fail"
    assert "path" in answer["advice"]


def test_a_theme_that_can_not_be_used_is_a_failure(
    portero: Portero, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before a restart finds it; and one that can be used is said to be."""
    place = tmp_path / "theme" / "templates" / "login"
    place.mkdir(parents=True)
    monkeypatch.setenv("PORTERO_THEME_DIR", str(tmp_path / "theme"))
    (place / "done.html").write_text("{% if %}")
    found = told(portero, "theme")
    assert found["state"] == "fail"
    assert "templates/login/done.html, line 1" in found["message"]
    (place / "done.html").write_text("<p>Done</p>")
    assert told(portero, "theme")["state"] == "ok"


def test_a_closed_service_is_told(portero: Portero) -> None:
    """Whoever closed it may have gone home."""
    assert portero("maintenance", "on").status == 0
    assert told(portero, "maintenance")["advice"] == "Run portero maintenance off"
    assert portero("maintenance", "off").status == 0
    assert "maintenance" not in {row["check"] for row in portero("doctor", "--json").json}
