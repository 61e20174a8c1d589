"""What lies beside the pages stays there, and no variable opens it (ASVS 13.4)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.house import Home, MakeHome

CONTENT = "of the file itself"
PATHS = [
    "/.git/config", "/.env", "/var/secret_key", "/portero.toml", "/static", "/static/",
    "/static/.git/config", "/static/../settings.py", "/static/..%2fheaders.py",
    "/static//etc/passwd", "/theme/", "/theme/.git/config", "/theme/.env", "/theme/notes.txt",
    "/theme/theme.css.bak", "/theme/../templates/login/forgot.html", "/brand/", "/console",
    "/__debugger__", "/?__debugger__=yes&cmd=resource&f=style.css", "/metrics", "/server-status",
    "/account/style.css", "/account/sessions/x.js", "/me/x.css",
]  # fmt: skip


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One database is enough here: files are the faces' alone."""
    return sqlite_url


@pytest.fixture(name="themed")
def _themed(make_home: MakeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    static = tmp_path / "theme" / "static"
    (static / ".git").mkdir(parents=True)
    for name in (".git/config", ".env", "notes.txt", "theme.css", "theme.css.bak"):
        (static / name).write_text(CONTENT, "utf-8")
    for name in ("FLASK_DEBUG", "WERKZEUG_RUN_MAIN"):
        monkeypatch.setenv(name, "1")
    return make_home(PORTERO_THEME_DIR=str(tmp_path / "theme"))


def test_no_other_file_and_no_listing_is_served(themed: Home) -> None:
    """ASVS 13.4.1, 13.4.3, 13.4.7: neither of the program nor of a theme's folder; and no page of
    somebody's account under a name that a cache would keep (14.2.5)."""
    client = themed.client()
    assert client.get("/theme/theme.css").text == CONTENT
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code in ({302, 303} if path.startswith("/?") else {404}), path
        assert CONTENT not in answer.text, path
        assert answer.headers["Cache-Control"] == "no-store", path


def test_no_variable_turns_debugging_on(themed: Home) -> None:
    """ASVS 13.4.2: what crashes is told to nobody, whatever FLASK_DEBUG says."""

    @themed.app.get("/crash")
    def crash() -> str:
        raise RuntimeError("a secret reason")

    answer = themed.client().get("/crash")
    assert answer.status_code == 500
    assert "secret reason" not in answer.text
    assert "Traceback" not in answer.text
    assert not themed.app.debug
