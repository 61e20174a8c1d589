"""The architecture is held: the tree keeps its contracts, and each contract catches its breach."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "importlinter.ini"
LINT_IMPORTS = str(Path(sys.executable).with_name("lint-imports"))

# Per contract: a file, as if a hurried hand had added it, and what the linter must say of it.
BREACHES = {
    "staircase": (
        "src/portero/outside/planted_up.py",
        "import portero.cli\n",
        "portero.outside.planted_up -> portero.cli",
    ),
    "core": (
        "src/portero/core/audit/planted_up.py",
        "import portero.core.sessions.store\n",
        "portero.core.audit.planted_up -> portero.core.sessions.store",
    ),
    "circles": (
        "src/portero/kit/planted_circle.py",
        "import portero.kit.planted_back\n",
        "No cycles are allowed in portero.kit",
    ),
    "faces": (
        "src/portero/web/scim/__init__.py",
        "import portero.web.oidc\n",
        "portero.web.scim -> portero.web.oidc",
    ),
    "factors": (
        "src/portero/core/factors/planted_totp.py",
        "import portero.core.factors.planted_passkey\n",
        "portero.core.factors.planted_totp -> portero.core.factors.planted_passkey",
    ),
    "sql": (
        "src/portero/core/audit/planted_sql.py",
        "import sqlalchemy\n",
        "portero.core.audit.planted_sql -> sqlalchemy",
    ),
    "flask": (
        "src/portero/outside/planted_flask.py",
        "import flask\n",
        "portero.outside.planted_flask -> flask",
    ),
    "protocol": (
        "src/portero/protocol/planted_clock.py",
        "import time\n",
        "portero.protocol.planted_clock -> time",
    ),
    "rules": (
        "src/portero/core/planted/rules.py",
        "import socket\n",
        "portero.core.planted.rules -> socket",
    ),
    "guard": (
        "guard/src/portero_guard/planted_server.py",
        "import portero.kit.secrets\n",
        "portero_guard.planted_server -> portero.kit.secrets",
    ),
    "guard-checks": (
        "src/portero/core/audit/planted_guard.py",
        "import portero_guard.planted_server\n",
        "portero.core.audit.planted_guard -> portero_guard.planted_server",
    ),
}
# What the breaches above lean on.
ACCOMPLICES = {
    "src/portero/kit/planted_back.py": "import portero.kit.planted_circle\n",
    "src/portero/core/factors/planted_passkey.py": "",
    "src/portero/core/planted/__init__.py": "",
    "src/portero/web/oidc/__init__.py": "",
}
UNLISTED_ROOM = "planted"


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(tree / "src"), str(tree / "guard" / "src")])
    return subprocess.run(
        [LINT_IMPORTS, "--no-logo", "--no-cache", str(CONTRACTS)], cwd=tree, check=False,
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "400"}, capture_output=True, text=True,
    )  # fmt: skip


def copy_of_the_tree(folder: Path) -> Path:
    for part in ("src", "guard/src"):
        shutil.copytree(
            ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "planted*")
        )
    return folder


@pytest.fixture(scope="module")
def broken_tree(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the linter says of a copy of the tree with every breach planted in it."""
    tree = copy_of_the_tree(tmp_path_factory.mktemp("broken"))
    planted = [(path, text) for path, text, _ in BREACHES.values()]
    for path, text in [*planted, *ACCOMPLICES.items()]:
        place = tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        before = place.read_text() if place.exists() else ""
        place.write_text(before + text)
    answer = lint(tree)
    assert answer.returncode == 1, answer.stdout
    return answer.stdout


def names() -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(CONTRACTS)
    prefix = "importlinter:contract:"
    return {
        section.removeprefix(prefix): parser[section]["name"]
        for section in parser.sections()
        if section.startswith(prefix)
    }


def test_the_tree_keeps_its_contracts() -> None:
    """Imports go down the staircase, everywhere."""
    answer = lint(ROOT)
    assert answer.returncode == 0, answer.stdout


def test_every_contract_has_its_breach() -> None:
    """A contract that nothing was ever seen to break may not hold anything."""
    assert set(names()) == set(BREACHES)


@pytest.mark.parametrize("contract", BREACHES)
def test_a_planted_breach_is_caught(contract: str, broken_tree: str) -> None:
    """One bad import breaks the contract that forbids it, and the message names the import."""
    _, _, said = BREACHES[contract]
    assert f"{names()[contract]} BROKEN" in broken_tree
    assert said in broken_tree


def test_a_room_without_a_line_is_caught(tmp_path: Path) -> None:
    """A new room in core must be given its place on the staircase."""
    tree = copy_of_the_tree(tmp_path)
    room = tree / "src/portero/core" / UNLISTED_ROOM
    room.mkdir()
    (room / "__init__.py").touch()
    answer = lint(tree)
    assert f"{names()['core']} BROKEN" in answer.stdout
    assert f"portero.core.{UNLISTED_ROOM}" in answer.stdout
