"""The pages of what there is (keys, data, logs, connections, rights) have what the code has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from portero.core.login.rules import FRESH_SECONDS
from portero.kit.db import metadata
from portero.migrations.tables import all_tables
from portero.web.api.documents import ROUTES
from portero.web.api.registry import Access

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/portero"
REFERENCE = ROOT / "docs/reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


def rows(text: str) -> str:
    """The first cells of its tables."""
    return "\n".join(re.findall(r"^\| (.+?) \|", text, re.MULTILINE))


def named(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", rows(text)))


def test_every_derived_key_is_in_the_inventory() -> None:
    """ASVS 11.1.2: a new purpose has a row that says what it is for, and none is left of an old."""
    text = (
        page("cryptography.md").partition("## Keys that are derived")[2].partition("## Random")[0]
    )
    assert named(text) == set(purposes())


def test_cryptography_comes_from_the_libraries_that_are_named() -> None:
    """ASVS 11.2.1: nothing is home-made, and nobody brings another library along unseen."""
    known = {"cryptography", "jwt", "argon2", "bcrypt", "joserfc", "webauthn", "hashlib", "hmac"}
    others = {"Crypto", "Cryptodome", "nacl", "ecdsa", "rsa", "oscrypto", "jose", "passlib"}
    found = {module.partition(".")[0] for _, source in sources() for module in imported(source)}
    assert not found & others
    assert known <= found
    text = page("cryptography.md").partition("## Keys")[0].replace("PyJWT", "jwt").lower()
    assert [library for library in known if library.lower() not in text] == []


def test_every_table_is_in_the_inventory_of_data() -> None:
    """ASVS 14.1.1: what is new is classified before it is kept."""
    all_tables()
    text = page("data.md").partition("## What is kept")[2]
    assert named(text) == set(metadata.tables)
    classes = {cell for cell, _ in re.findall(r"^\| `.+?` \| (\w+) \| (.+)$", text, re.MULTILINE)}
    assert classes <= {"secret", "personal", "internal", "public"}


def test_every_logger_is_in_the_inventory_of_logs() -> None:
    """ASVS 16.1.1: who writes a line, and what about."""
    text = page("logs.md")
    told = re.compile(r"^ *_?log\.(?:info|warning|error|exception|critical)\(", re.MULTILINE)
    writers = {module_of(path) for path, source in sources() if told.search(source)}
    assert writers | {"gunicorn.error"} == {name for name in named(text) if "." in name}


def test_the_log_has_no_other_way_out() -> None:
    """ASVS 16.2.3: to standard error, by one handler; and the audit log is only ever added to
    (16.4.2)."""
    made = re.compile(r"logging\.(?:\w+Handler|basicConfig)\(")
    handlers = {module_of(path) for path, source in sources() if made.search(source)}
    assert handlers == {"portero.outside.logs"}
    audit = "\n".join(path.read_text("utf-8") for path in (SOURCE / "core/audit").glob("*.py"))
    assert "audit_entries.insert(" in audit or "insert(tx, audit_entries" in audit
    assert not re.search(
        r"audit_entries\)?\.(update|delete)|(update|delete)\(.*audit_entries", audit
    )


def test_every_way_out_is_in_the_inventory_of_connections() -> None:
    """ASVS 13.1.1, 13.2.4: who makes a client of its own is named here, with a reason."""
    ways = {"socket", "smtplib", "httpx2", "urllib.request", "http.client", "redis", "requests"}
    users = {module_of(path) for path, source in sources() if ways & set(imported(source))}
    assert users == {
        "portero.outside.http_fetch",  # the guarded client
        "portero.outside.pinned",  # its transport
        "portero.outside.mail.smtp",
        "portero.outside.redis",
        "portero.cli.checks",  # `portero doctor`, which its operator runs
    }
    text = page("connections.md")
    for uri in ("jwks_uri", "sector_identifier_uri", "request_uri", "backchannel_logout_uri"):
        assert f"`{uri}`" in rows(text)


def test_every_route_is_in_the_page_of_who_may_do_what() -> None:
    """ASVS 8.1.1: and in the row of what it demands."""
    text = page("access.md")
    for row, demand in (
        ("anybody", (Access.PUBLIC, None)),
        ("any application with a token for the API", (Access.ANY_CLIENT, None)),
        ("the person, by the first party's token", (Access.FIRST_PARTY, None)),
        ("the person, with a proof of the last", (Access.FIRST_PARTY, FRESH_SECONDS)),
    ):
        [line] = [each for each in text.splitlines() if each.startswith(f"| {row}")]
        told = set(re.findall(r"`([A-Z]+ /[\w/<>-]+)`", line.partition("; in `PATCH")[0]))
        assert told == {
            f"{route.method} {route.path}"
            for route in ROUTES
            if (route.access, route.fresh_seconds) == demand
        }


def purposes() -> Iterator[str]:
    """What `Vault.keys`, `mac` and `macs` are asked for by name."""
    yield "seal"
    for path, source in sources():
        if "vault" not in source or path.name == "vault.py":
            continue
        tree = ast.parse(source)
        constants = {
            node.target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if node.func.attr not in {"keys", "mac", "macs"} or not node.args:
                continue
            if "vault" in ast.unparse(node.func.value):
                given = node.args[0]
                assert isinstance(given, ast.Constant | ast.Name), ast.unparse(node)
                yield str(given.value if isinstance(given, ast.Constant) else constants[given.id])


@cache
def sources() -> tuple[tuple[Path, str], ...]:
    return tuple(
        (path, path.read_text("utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
        if "migrations" not in path.parts
    )


def imported(source: str) -> list[str]:
    return re.findall(r"^ *(?:from|import) ([\w.]+)", source, re.MULTILINE)


def module_of(path: Path) -> str:
    dotted = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
    return dotted.removesuffix(".__init__")
