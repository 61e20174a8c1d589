"""Write the next revision from what the tables in the code have more than the last one had.

    make migration NAME=foundation

Makes `src/portero/migrations/versions/NNNN_<name>.py`, and sets `HEAD` in `runner.py`. Read what
it wrote before you commit it: it can't see renames, and it moves no rows.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import ScriptDirectory

from portero.kit.db import Database
from portero.migrations import runner

MIGRATIONS = Path(runner.__file__).parent
LONGEST_ID = 32  # alembic_version.version_num is VARCHAR(32)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not re.fullmatch(r"[a-z][a-z0-9_]*", arguments[0]):
        print("usage: make migration NAME=lower_case_words", file=sys.stderr)
        return 2
    number = 1 + len(list((MIGRATIONS / "versions").glob("[0-9]*.py")))
    revision = f"{number:04}_{arguments[0]}"
    if len(revision) > LONGEST_ID:
        print(f"{revision} is longer than {LONGEST_ID} characters", file=sys.stderr)
        return 2
    written = write(revision, sentence=arguments[0].replace("_", " ").capitalize())
    set_head(revision)
    tidy(written)
    print(f"wrote {written.relative_to(Path.cwd())}: read it, then commit it with runner.py")
    return 0


def write(revision: str, *, sentence: str) -> Path:
    """Compare an empty database, brought to the last revision, with the tables in the code."""
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{folder}/compare.db")
        runner.upgrade(db)
        with db.engine.begin() as tx:
            config = runner.config(tx)
            config.set_main_option("file_template", "%%(rev)s")
            command.revision(config, message=sentence, rev_id=revision, autogenerate=True)
        db.dispose()
    return Path(ScriptDirectory.from_config(runner.config()).get_revision(revision).path)


def tidy(written: Path) -> None:
    lines = written.read_text().splitlines(keepends=True)
    written.write_text("".join(line for line in lines if not line.strip().startswith("# ###")))
    subprocess.run(["ruff", "format", "--quiet", written], check=True)
    subprocess.run(["ruff", "check", "--quiet", "--fix", written], check=True)


def set_head(revision: str) -> None:
    source = MIGRATIONS / "runner.py"
    text, count = re.subn(
        r'^HEAD: Final = ".*"$', f'HEAD: Final = "{revision}"', source.read_text(), flags=re.M
    )
    if count != 1:
        raise SystemExit("runner.py has no HEAD line")
    source.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
