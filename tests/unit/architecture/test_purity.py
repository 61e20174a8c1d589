"""Time and chance are arguments in core and protocol: the linter knows, here and in plants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RUFF = str(Path(sys.executable).with_name("ruff"))
PURE = ("src/portero/core", "src/portero/protocol", "guard/src/portero_guard/checks.py")
BANNED = (
    "from datetime import datetime\nthen = datetime.now()\n",
    "import datetime\nthen = datetime.datetime.now(datetime.UTC)\n",
    "from datetime import datetime as when\nthen = when.utcnow()\n",
    "from datetime import date\nthen = date.today()\n",
    "import time\nthen = time.time()\n",
    "from time import time as clock\nthen = clock()\n",
    "import time\nthen = time.monotonic()\n",
    "import random\n",
    "from random import choice\n",
    "import secrets\n",
    "import os\ndice = os.urandom(16)\n",
    "import uuid\ndice = uuid.uuid4()\n",
)


def bans_broken(code: str, *, pretend_path: str) -> bool:
    answer = subprocess.run(
        [RUFF, "check", "--select", "TID251", "--no-cache", "--stdin-filename", pretend_path, "-"],
        cwd=ROOT, input=code, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return "TID251" in answer.stdout


def test_core_and_protocol_read_no_clock_and_roll_no_dice() -> None:
    """Not one file of the pure rooms calls for the time or for randomness itself."""
    answer = subprocess.run(
        [RUFF, "check", "--select", "TID251", "--no-cache", "--output-format", "concise",
         *(place for place in PURE if (ROOT / place).exists())],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize("code", BANNED)
@pytest.mark.parametrize(
    "path",
    [
        "src/portero/core/sessions/flows.py",
        "src/portero/core/provider/grants/planted.py",
        "src/portero/protocol/jose/planted.py",
        "guard/src/portero_guard/checks.py",
    ],
)
def test_a_planted_clock_or_die_is_caught(path: str, code: str) -> None:
    """However it is imported or called."""
    assert bans_broken(code, pretend_path=path)


@pytest.mark.parametrize("path", ["src/portero/outside/clock.py", "src/portero/kit/db.py"])
def test_the_clock_itself_may_read_the_time(path: str) -> None:
    """The ban ends where effects live."""
    assert not bans_broken(BANNED[0], pretend_path=path)


def test_chance_is_the_systems() -> None:
    """ASVS 6.5.3: in all that is shipped nothing draws from a generator that can be foretold, but
    for the pause before a transaction is tried again."""
    answer = subprocess.run(
        [RUFF, "check", "--select", "S311", "--no-cache", "--isolated",
         "--output-format", "concise", "src", "guard/src"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [line for line in answer.stdout.splitlines() if "S311" in line]
    assert {line.partition(":")[0] for line in found} <= {"src/portero/kit/db.py"}, found
    planted = subprocess.run(
        [RUFF, "check", "--select", "S311", "--no-cache", "--isolated", "-"],
        cwd=ROOT, input="import random\ncode = random.randrange(10**6)\n", capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert "S311" in planted.stdout
