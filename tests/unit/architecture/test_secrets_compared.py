"""Two secrets are compared in one place, whose time tells nothing (ASVS 11.2.4)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "src/portero", ROOT / "guard/src/portero_guard")
# The guard knows nothing of the server, so it has a place of its own.
HELPERS = {"src/portero/kit/secrets.py", "guard/src/portero_guard/possession.py"}
# By how it is called, what nobody may find out letter by letter. A key's thumbprint (`jkt`) is
# public, and is compared once its owner has signed with the key.
SECRET = re.compile(
    r"(?:.*_)?(?:secret|password|passwd|pepper|hash|digest|hexdigest|hmac|mac|macs|signature"
    r"|verifier|witness|fingerprint|access_token|refresh_token|token_hash|csrf)"
)
# With a reason for each.
KNOWN = {
    # SHA-256 of the domain, which everybody knows.
    ("src/portero/protocol/webauthn/ceremonies.py", "digest"),
    # The hash of the very token that lies beside it.
    ("guard/src/portero_guard/dpop.py", "_token_hash"),
}


def test_no_secret_is_compared_letter_by_letter() -> None:
    """`==` ends at the first letter that differs. In a store it is the database that compares, and
    there only hashes are looked for."""
    found = {
        (place, name)
        for place, text in sources()
        if not place.endswith("store.py") and ("==" in text or "!=" in text)
        for name in compared(ast.parse(text))
    }
    assert found - KNOWN == set()
    assert KNOWN - found == set()


def test_one_helper_compares() -> None:
    """Who imports `compare_digest` elsewhere forgets that an empty secret is nobody's."""
    assert {place for place, text in sources() if "compare_digest" in text} == HELPERS


def test_a_planted_comparison_is_caught() -> None:
    """On either side, as a name, a member or a call."""
    for planted in ("given == client.secret", "mac(key) != given", "if a.token_hash == b: pass"):
        assert list(compared(ast.parse(planted)))
    assert not list(compared(ast.parse("method == 'secret' or len(secret) == 3")))


def sources() -> Iterator[tuple[str, str]]:
    for folder in SHIPPED:
        for path in sorted(folder.rglob("*.py")):
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def compared(tree: ast.AST) -> Iterator[str]:
    """The secret sides of each `==` and `!=`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
            for side in (node.left, node.comparators[0]):
                name = called(side)
                if SECRET.fullmatch(name):
                    yield name


def called(node: ast.expr) -> str:
    match node:
        case ast.Call(func=inner) | ast.Await(value=inner):
            return called(inner)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""
