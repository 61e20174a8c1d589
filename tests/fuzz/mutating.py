"""One parser under atheris (`python -m tests.fuzz.mutating NAME SECONDS SEED FOLDER`): bytes are
changed by the code that they reach, until the time is over or something is found."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["portero", "portero_guard", "webauthn", "jwt"]):
    from tests.fuzz import parsers


def main() -> None:
    name, seconds, seed, folder = sys.argv[1:]
    inputs = Path(folder) / name
    inputs.mkdir()
    for number, content in enumerate(parsers.corpus_of(name)):
        (inputs / f"corpus{number}").write_bytes(content)
    options = [f"-max_total_time={seconds}", f"-seed={seed}", "-max_len=4096", "-timeout=5"]
    place = f"-artifact_prefix={folder}/{name}-"
    target = parsers.TARGETS[name]

    def once(content: bytes) -> None:
        target(content)

    atheris.Setup([sys.argv[0], *options, place, "-print_final_stats=1", str(inputs)], once)
    atheris.Fuzz()


main()
