"""`make fuzz`: what is too long for every run, by a new seed each time.

Prints each seed and count; ends with 1 when something was found. FUZZ_SEED tries one again,
FUZZ_REQUESTS, FUZZ_EXAMPLES (of each machine) and FUZZ_SECONDS (for each parser) say how much.
"""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from tests.fuzz import parsers, requests, sign_in_machine, steps, token_machine
from tests.support.database import new_sqlite
from tests.support.house import homes

_EXAMPLES = 100  # of each operation in one round, that is twenty thousand requests


def main() -> int:
    seed = int(os.environ.get("FUZZ_SEED") or secrets.randbelow(2**31))
    print(f"FUZZ_SEED={seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="portero-fuzz-") as folder:
        os.environ["TESTRUN_SERVICES_DIR"] = folder
        wanted = sys.argv[1:] or ["requests", "machines", "parsers"]
        found = 0
        if "requests" in wanted:
            found += _requests(Path(folder), seed, int(os.environ.get("FUZZ_REQUESTS") or 100_000))
        if "machines" in wanted:
            found += _machines(Path(folder), seed, int(os.environ.get("FUZZ_EXAMPLES") or 1000))
        if "parsers" in wanted:
            found += _parsers(Path(folder), seed, int(os.environ.get("FUZZ_SECONDS") or 30))
    print(f"{found} faults (FUZZ_SEED={seed})")
    return 1 if found else 0


def _requests(folder: Path, seed: int, wanted: int) -> int:
    count = faults = 0
    while count < wanted:
        with homes(new_sqlite(folder), folder) as make:
            home = make(**requests.SETTINGS)
            sent = requests.send_all(home, examples=_EXAMPLES, number=seed + count)
        for fault in sent.faults:
            print(fault)
        faults += len(sent.faults)
        print("\n".join(sent.lines()))
        print(f"requests: {sent.answers.total()} of seed {seed + count}", flush=True)
        count += sent.answers.total()
    print(f"requests: {count} in all, {faults} faults", flush=True)
    return faults


def _machines(folder: Path, seed: int, examples: int) -> int:
    faults = 0
    for module, machine in (
        (sign_in_machine, sign_in_machine.SignIn),
        (token_machine, token_machine.Tokens),
    ):
        with homes(new_sqlite(folder), folder) as make:
            machine.home = steps.ticking(make(**module.SETTINGS))
            run = steps.settings(examples=examples, derandomize=False)
            try:
                run_state_machine_as_test(seeded(seed)(machine), settings=run)
            except Exception:
                faults += 1
                traceback.print_exc()
        print(f"{machine.__name__}: {examples} examples of seed {seed}", flush=True)
    return faults


def _parsers(folder: Path, seed: int, seconds: int) -> int:
    faults = 0
    for name in parsers.TARGETS:
        arguments = [name, str(seconds), str(seed), str(folder)]
        ran = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.mutating", *arguments],
            capture_output=True,
            check=False,
        )
        said = ran.stdout.decode("utf-8", "replace") + ran.stderr.decode("utf-8", "replace")
        runs = re.search(r"stat::number_of_executed_units: *(\d+)", said)
        reached = re.findall(r"cov: (\d+)", said)
        print(f"{name}: {runs[1] if runs else '?'} inputs, {reached[-1] if reached else '?'} edges")
        for path in folder.glob(f"{name}-*"):
            print(f"{name}: found {path.read_bytes()!r}: a line for corpus/{name}.txt")
        if ran.returncode:
            faults += 1
            print(said.partition("=== Uncaught")[2].partition("INFO: ")[0][-6000:], flush=True)
    return faults


if __name__ == "__main__":
    sys.exit(main())
