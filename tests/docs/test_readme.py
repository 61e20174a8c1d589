"""The README's tour, typed as it stands, in one shell, against a real server.

`$ ` begins a command, a backslash at the end of a line continues it, and what follows is what it
must print; `...` stands for anything. A Python block whose first line names a file is saved as it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.server import RunningServer, StartServer
from tests.support.services import free_port

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TOUR_SECONDS = 60
MARK = "-- the next command of the README --"
# The tour ends its own server; if it fails half way, nothing may be left running.
FIRST = "trap 'kill $(jobs -p) 2>/dev/null' EXIT\n"
CHEAP_HASH = {"PORTERO_ARGON2_TIME_COST": "1", "PORTERO_ARGON2_MEMORY_KIB": "7168"}


@dataclass(frozen=True, slots=True)
class Typed:
    """One command of the tour, and what the README says that it prints."""

    command: str
    expected: str


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def typed(block: str) -> list[Typed]:
    """The commands of a console block, each with the lines up to the next one."""
    parts = re.findall(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)
    return [Typed(command, expected) for command, expected in parts]


def pattern(expected: str) -> str:
    return ".*?".join(re.escape(part) for part in plain(expected).split("..."))


def plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def walk(running: RunningServer) -> None:
    """Type the tour in a folder of the server's, and compare what comes out."""
    api_port = str(free_port())

    def here(text: str) -> str:
        return text.replace("http://127.0.0.1:8000", running.url).replace("5000", api_port)

    (running.folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    for block in blocks("python"):
        name = block.splitlines()[0].removeprefix("# ")
        (running.folder / name).write_text(block)

    tour = [each for block in blocks("console") for each in typed(here(block))]
    script = FIRST + "".join(f"{each.command}\nprintf '\\n%s%s\\n' '{MARK}' $?\n" for each in tour)
    done = subprocess.run(
        ["bash", "-c", script], cwd=running.folder, env=dict(running.env),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TOUR_SECONDS, check=False,
    )  # fmt: skip
    printed = re.split(rf"{re.escape(MARK)}(\d+)\n", done.stdout)
    outputs, statuses = printed[0:-1:2], printed[1::2]
    assert len(outputs) == len(tour), done.stderr
    for each, output, status in zip(tour, outputs, statuses, strict=True):
        told = f"{each.command}\n{output}\n{done.stderr}\n{running.log()}"
        assert status == "0", told
        assert re.fullmatch(pattern(each.expected), plain(output), re.DOTALL), told


def test_the_tour_as_a_newcomer_types_it(server: StartServer) -> None:
    """With no setting at all: SQLite in ./var, one worker."""
    walk(server())


def test_the_tour_on_either_database_with_two_workers(
    server: StartServer, database_url: str
) -> None:
    """A request may meet either worker, and the tour comes out the same."""
    walk(server({"DATABASE_URL": database_url, **CHEAP_HASH}, "--workers", "2"))


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    """What the README says first can be typed."""
    commands = re.findall(r"^make ([a-z-]+)", "".join(blocks("sh")), re.MULTILINE)
    assert commands == ["serve", "test"]
    makefile = (ROOT / "Makefile").read_text()
    for command in commands:
        assert re.search(rf"^{command}:.*## ", makefile, re.MULTILINE)


@pytest.mark.parametrize("block", blocks("console"))
def test_a_block_of_the_tour_is_commands_and_their_output(block: str) -> None:
    """No line of the tour is left out by how this file reads it."""
    read = "".join(f"$ {each.command}\n{each.expected}" for each in typed(block))
    assert read == block
