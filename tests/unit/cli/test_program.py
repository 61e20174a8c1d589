"""The group of all commands: light, complete, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from portero.cli import program
from portero.cli.failures import explain
from portero.kit.refusals import FieldFault, Invalid
from portero.kit.vault import Unsealable
from tests.unit.cli.conftest import Portero

PORTERO = str(Path(sys.executable).with_name("portero"))
HELP_IS_LIGHT = """
import sys
from portero.cli.program import run
assert run(["--help"]) == 0
heavy = {"sqlalchemy", "flask", "alembic", "rich", "pydantic", "cryptography", "gunicorn"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert "portero.settings" not in sys.modules
"""


def every_command() -> dict[str, click.Command]:
    """By path, each command that does something."""
    found: dict[str, click.Command] = {}

    def walk(command: click.Command, path: str) -> None:
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                inner = command.get_command(context, name)
                assert inner is not None
                walk(inner, f"{path} {name}".strip())
        else:
            found[path] = command

    walk(program.program, "")
    return found


def test_help_imports_nothing_heavy() -> None:
    """`portero --help` is for people who wait: no SQL, no Flask, no settings."""
    subprocess.run([sys.executable, "-c", HELP_IS_LIGHT], check=True, capture_output=True)


def test_the_list_says_what_each_command_says_of_itself() -> None:
    """The sentence in the list of lazy commands can't drift from the command's own."""
    for name, sentence in program.COMMANDS.items():
        command = program.program.get_command(click.Context(program.program), name)
        assert command is not None
        assert (command.help or "").splitlines()[0] == sentence


def test_json_is_on_every_command() -> None:
    """A script never has to parse text for people."""
    without = [
        path
        for path, command in every_command().items()
        if not any("--json" in option.opts for option in command.params)
    ]
    assert without == []


def test_no_command_takes_a_secret_as_an_argument() -> None:
    """Arguments are seen by everybody who may list processes; only flags name secrets."""
    valued = [
        (path, option.name)
        for path, command in every_command().items()
        for option in command.params
        if option.name and ("password" in option.name or "secret" in option.name)
        if not (isinstance(option, click.Option) and option.is_flag)
    ]
    assert valued == []


@pytest.mark.parametrize(
    "wrong",
    [
        ("nope",),
        ("users", "nope"),
        ("users", "create"),
        ("users", "list", "--limit", "many"),
        ("users", "list", "--nope"),
        ("users", "create", "ana"),
        ("users", "create", "ana", "--password-stdin", "--no-password"),
        ("users", "create", "ana", "--no-password", "--must-change"),
        ("keys", "rotate", "--alg", "none"),
        ("clients", "create"),
    ],
)
def test_wrong_use_is_2_and_one_sentence(portero: Portero, wrong: tuple[str, ...]) -> None:
    """Nothing on standard output, one line beside it."""
    answer = portero(*wrong)
    assert answer.status == 2
    assert answer.out == ""
    assert answer.err.startswith("portero: ")
    assert len(answer.err.splitlines()) == 1


def test_no_command_is_wrong_use_with_the_list(portero: Portero) -> None:
    """Somebody who types `portero` alone is told what there is."""
    answer = portero()
    assert answer.status == 2
    assert "serve" in answer.err


def test_a_wrong_setting_is_a_sentence(portero: Portero, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without --json; a command does not begin."""
    monkeypatch.setenv("PORTERO_PORT", "many")
    plain, as_json = portero("users", "list"), portero("users", "list", "--json")
    assert (plain.status, as_json.status) == (1, 1)
    assert plain.err.startswith("portero: PORTERO_PORT must be ")
    assert len(plain.err.splitlines()) == 1
    assert as_json.problem["code"] == "wrong_setting"
    assert as_json.out == ""


def test_a_database_that_is_not_there_is_a_sentence(
    portero: Portero, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback for what an operator meets on a bad day."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:secret-word@127.0.0.1:1/none")
    answer = portero("users", "list", "--json")
    assert answer.status == 1
    assert answer.problem["code"] == "database_unavailable"
    assert "secret-word" not in answer.err


def test_a_refusal_names_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Text for people, an object for programs, the detail for nobody."""
    fault = FieldFault("email", "malformed", "This has %(n)d faults.", {"n": 2})
    refusal = Invalid("private", faults=(fault,))
    assert explain(refusal, as_json=False) == 1
    told = capsys.readouterr().err
    assert told == "portero: Some fields were not accepted. email: This has 2 faults.\n"


@pytest.mark.parametrize("error", [RuntimeError("hunter2"), OSError("hunter2"), Unsealable("x")])
def test_an_unforeseen_error_is_one_sentence(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text may quote anything, so it is not told."""
    monkeypatch.delenv("PORTERO_LOG_LEVEL", raising=False)
    assert explain(error, as_json=False) == 1
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert "hunter2" not in told


def test_debug_shows_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for it gets the traceback."""
    monkeypatch.setenv("PORTERO_LOG_LEVEL", "debug")
    try:
        raise RuntimeError("here")
    except RuntimeError as error:
        explain(error, as_json=False)
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    """`portero settings | head -0`: the pipe closes, and nothing is complained of."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = subprocess.run(
        [PORTERO, "settings", "--json"], cwd=tmp_path, stdout=write_end, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, check=False, text=True,
    )  # fmt: skip
    os.close(write_end)
    assert ended.returncode == 1
    assert ended.stderr == ""


def test_python_m_portero_is_portero(tmp_path: Path) -> None:
    """For those whose PATH lacks the environment."""
    ended = subprocess.run(
        [sys.executable, "-m", "portero", "--version"], cwd=tmp_path, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert ended.stdout.startswith("portero 0.")
