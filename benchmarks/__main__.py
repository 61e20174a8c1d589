"""`python -m benchmarks [--short] [NAME ...]`: run some or all, print ratios, keep the JSON."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from benchmarks import guard, login, pages, protected, provider, scale, start, stuffing
from benchmarks.report import FULL, SHORT, Pace, Result, keep, lines

BENCHMARKS: Final[dict[str, Callable[[Pace], Result]]] = {
    "start": start.run,
    "guard": guard.run,
    "protected": protected.run,
    "login": login.run,
    "pages": pages.run,
    "provider": provider.run,
    "scale": scale.run,
    "stuffing": stuffing.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--short", action="store_true", help="a quick look; nothing is kept")
    asked = parser.parse_args()
    # So that a `timeout` ends the servers and the folders too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    unknown = set(asked.names) - set(BENCHMARKS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    for name in asked.names or BENCHMARKS:
        began = time.perf_counter()
        result = BENCHMARKS[name](SHORT if asked.short else FULL)
        took = time.perf_counter() - began
        print(f"{name}: {result.question} ({took:.0f} s)")
        for line in lines(result):
            print(f"  {line}")
        sys.stdout.flush()
        if not asked.short:
            keep(result)


if __name__ == "__main__":
    main()
