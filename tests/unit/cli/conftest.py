"""`portero` in this process: fast, and with the exit status that a shell would see."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portero.cli.program import run
from tests.support.house import CHEAP_HASH, SECRET_KEY


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def problem(self) -> Any:
        return json.loads(self.err)


Portero = Callable[..., Answer]


@pytest.fixture
def portero(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Portero:
    """`portero("users", "list", stdin="")` in a fresh folder, on an embedded database."""
    monkeypatch.chdir(tmp_path)
    for key, value in {"SECRET_KEY": SECRET_KEY, **CHEAP_HASH}.items():
        monkeypatch.setenv(key, value)

    def call(*arguments: str, stdin: str = "") -> Answer:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        capsys.readouterr()
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        status = run(arguments)
        root.handlers[:] = handlers  # what `worker` configured is for a process of its own
        root.setLevel(level)
        said = capsys.readouterr()
        return Answer(status, said.out, said.err)

    return call
