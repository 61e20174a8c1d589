"""mod_auth_openidc: Apache lets nobody into a folder who has not signed in at Portero."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.interop.conftest import Provider
from tests.support.services import free_port, shared_folder

_APACHE = Path("/usr/sbin/apache2")
_START_SECONDS = 15.0
_CONFIG = """
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
{modules}
User nobody
Group nogroup
DocumentRoot {folder}/site
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {client_id}
OIDCClientSecret {secret}
OIDCRedirectURI {site}/private/callback
OIDCCryptoPassphrase only-for-this-test
OIDCPKCEMethod S256
OIDCScope "openid profile email"
OIDCRemoteUserClaim preferred_username
OIDCPassUserInfoAs claims
<Location /private>
    AuthType openid-connect
    Require claim preferred_username:ana
</Location>
"""
_MODULES = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc")


@contextmanager
def _apache(folder: Path, config: str, port: int) -> Iterator[None]:
    assert _APACHE.exists(), "the tests need Apache with mod_auth_openidc: run `make system-deps`"
    (folder / "apache.conf").write_text(config)
    process = subprocess.Popen(
        [_APACHE, "-X", "-d", folder, "-f", folder / "apache.conf"], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=(folder / "start.log").open("wb"),
    )  # fmt: skip
    try:
        until = time.monotonic() + _START_SECONDS
        while not _answers(port):
            log = (folder / "start.log").read_text()
            assert process.poll() is None, f"Apache ended at its start\n{log}"
            assert time.monotonic() < until, f"Apache did not start\n{log}"
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(_START_SECONDS)


def _answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def folder() -> Path:
    """A folder that Apache may read as the user that it becomes when root starts it."""
    made = Path(tempfile.mkdtemp(prefix="apache-", dir=shared_folder()))
    made.chmod(0o755)
    (made / "site" / "private").mkdir(parents=True)
    (made / "site" / "index.html").write_text("for everybody")
    (made / "site" / "private" / "index.html").write_text("for Ana")
    return made


def test_apache_lets_a_person_in_after_the_sign_in(provider: Provider, folder: Path) -> None:
    """Code and PKCE; the ID token and UserInfo are checked by the module; the page opens."""
    port = free_port()
    site = f"http://127.0.0.1:{port}"
    client = provider.register(
        by_operator=True,
        redirect_uris=[f"{site}/private/callback"],
        application_type="native",
    )
    modules = "\n".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in _MODULES
    )
    config = _CONFIG.format(
        port=port, folder=folder, modules=modules, issuer=provider.issuer, site=site,
        client_id=client.client_id, secret=client.secret,
    )  # fmt: skip
    with _apache(folder, config, port), httpx2.Client(timeout=20) as visitor:
        asked = visitor.get(f"{site}/private/index.html")
        assert asked.status_code == 302, (folder / "error.log").read_text()
        back = provider.browser().authorize(asked.headers["location"])
        opened = visitor.get(back, follow_redirects=True)
        assert opened.text == "for Ana", (folder / "error.log").read_text()
