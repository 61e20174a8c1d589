"""The commands of the guides, typed as they stand, against a real server."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.http.test_jwt_bearer import KEY, TRUSTED, trusting
from tests.interop.browser import PASSWORD, USERNAME, Browser
from tests.support.house import Home, MakeHome
from tests.support.relying_party import query_of, relying_party
from tests.support.server import PORTERO, RunningServer, StartServer

PAGES = Path(__file__).parents[2] / "docs" / "howto"


def blocks(page: str, language: str) -> list[str]:
    text = (PAGES / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def typed(running: RunningServer, command: str, **env: str) -> str:
    """What the command prints, in the folder of the server."""
    path = f"{Path(PORTERO).parent}:{running.env.get('PATH', '')}"
    done = subprocess.run(
        ["bash", "-euc", command.replace("http://127.0.0.1:8000", running.url)],
        cwd=running.folder, env={**running.env, "PATH": path, **env},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(running: RunningServer, command: str, **env: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(typed(running, command, **env))
    return found


def somebody(running: RunningServer) -> None:
    running.operate("users", "create", USERNAME, "--password-stdin", stdin=PASSWORD)


def test_a_device_signs_in(server: StartServer) -> None:
    """Registered, begun, agreed to in a browser, and its tokens fetched; what it is told has the
    members that the page shows."""
    running = server()
    somebody(running)
    register, begin, wait = blocks("device.md", "sh")
    client_id = told(running, register)["client_id"]
    started = told(running, begin, CLIENT_ID=client_id)
    [shown] = blocks("device.md", "json")
    assert set(started) == set(json.loads(shown))
    assert "connected" in Browser(running.url).answer_device(started["verification_uri_complete"])
    tokens = told(running, wait, CLIENT_ID=client_id, DEVICE_CODE=started["device_code"])
    assert {"access_token", "refresh_token", "id_token"} <= set(tokens)


def test_somebody_elsewhere_is_asked(server: StartServer) -> None:
    """Registered from the file that the page shows, asked, agreed to in a browser, and the tokens
    fetched; what the application is told has the members that the page shows."""
    running = server()
    somebody(running)
    metadata, shown = blocks("ciba.md", "json")
    (running.folder / "call-centre.json").write_text(metadata, "utf-8")
    register, ask, fetch, _ = blocks("ciba.md", "sh")
    client = proof(told(running, register))
    started = told(running, ask, **client)
    assert set(started) == set(json.loads(shown))
    assert "Go on in" in Browser(running.url).answer_application()
    tokens = told(running, fetch, AUTH_REQ_ID=started["auth_req_id"], **client)
    assert {"access_token", "id_token"} <= set(tokens)


def test_one_api_calls_the_next(server: StartServer, tmp_path: Path) -> None:
    """Another issuer names ana, a client gets a token for her, and orders exchanges it for one for
    stock."""
    running = server(
        {
            "PORTERO_RESOURCES": "https://orders.example/api,https://stock.example/api",
            **trusting(tmp_path),
        }
    )
    somebody(running)
    register, exchange, declare, assertion = blocks("token-exchange.md", "sh")
    assert declare.startswith(f"PORTERO_ASSERTION_ISSUERS={TRUSTED}=")
    typed(running, register)
    orders = json.loads((running.folder / "orders.json").read_text())
    payroll = {
        "grant_types": ["urn:ietf:params:oauth:grant-type:jwt-bearer"],
        "response_types": [],
        "scope": "orders:read stock:read",
        "default_resource": orders["default_resource"],
    }
    client = running.operate("clients", "create", "--metadata", "-", stdin=json.dumps(payroll))
    now = int(time.time())
    claims = {"iss": TRUSTED, "sub": USERNAME, "aud": running.url, "jti": "1", "exp": now + 60}
    signed = jwt.encode(claims, KEY, algorithm="ES256", headers={"kid": "one"})
    first = told(running, assertion, ASSERTION=signed, **proof(client))
    second = told(running, exchange, TOKEN=first["access_token"], **proof(orders))
    assert second["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert second["scope"] == "stock:read"


def proof(client: dict[str, str]) -> dict[str, str]:
    return {"CLIENT_ID": client["client_id"], "CLIENT_SECRET": client["client_secret"]}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_scope_of_ones_own(make_home: MakeHome, tmp_path: Path) -> None:
    """Declared as the page declares it, and asked for by the client that it registers."""
    [declared] = blocks("scopes.md", "toml")
    (tmp_path / "portero.toml").write_text(declared, "utf-8")
    home: Home = make_home()
    home.register()
    [register] = blocks("scopes.md", "sh")
    found = re.search(r"<<'JSON'\n(.*)^JSON$", register, re.MULTILINE | re.DOTALL)
    assert found is not None
    rp = relying_party(home, **json.loads(found[1]))
    asked = {"scope": "openid reports:read", "prompt": "consent"}
    rp.authorize(**asked)
    page = rp.browser.get(rp.begin(**asked).location)
    assert "Read your reports" in page.text
    tokens = rp.redeem(query_of(rp.walk(page))["code"]).get_json()
    assert tokens["scope"] == "openid reports:read"
