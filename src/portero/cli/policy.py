"""`portero policy`: the rules of risk, and what others would have made of past sign-ins."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from portero.cli.console import Console, console, json_option, note, write
from portero.cli.house import opened_house, read_settings

if TYPE_CHECKING:
    from portero.core.risk import RuleBook
    from portero.core.risk.backtest import Replayed

_COLUMNS: Final = ("at", "account_id", "address", "was", "would", "score", "rules", "id")
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("policy", no_args_is_help=True)
def command() -> None:
    """Show, check and try the rules by which sign-ins are judged."""


@command.command("show")
@json_option
@console
def show(told: Console, /) -> None:
    """Print the rule file that is in force: the built-in one is a good beginning for your own."""
    from portero.core.risk import DEFAULT_RULES

    path = read_settings().risk_rules
    text = DEFAULT_RULES if path is None else path.read_text("utf-8")
    source = "built in" if path is None else str(path)
    told.show({"source": source, "rules": text}, text.rstrip("\n"))


@command.command("check")
@click.argument("file", type=_FILE)
@json_option
@console
def check(told: Console, /, file: Path) -> None:
    """Read a rule file, and say what is wrong with it."""
    from portero.core.risk.rules import can_matter
    from portero.wiring.risk import judge_of

    book = _read(file)
    matters = can_matter(book, judge_of(read_settings()).available())
    told.show(
        {"rules": len(book.rules), "can_matter": matters},
        f"{file}: {len(book.rules)} rules can be used.",
    )
    if not matters:
        note(
            "No sum of their points reaches an answer with what this server can tell: "
            "see PORTERO_GEOIP_FILE and PORTERO_ANONYMISING_NETWORKS."
        )


@command.command("backtest")
@click.argument("file", type=_FILE)
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="WHEN",
    help="How far back: days or hours (30d, 12h), or a date (2026-11-01).",
)
@json_option
@console
def backtest(told: Console, /, file: Path, since: str) -> None:
    """Replay recorded sign-ins against a rule file: who would have been asked for more, refused or
    told by mail, and who no longer. Changes nothing."""
    book, given = _read(file), since
    with opened_house() as house:
        from portero.core.risk.backtest import replayed
        from portero.core.risk.events import KINDS

        moment = _moment(given, house.clock.now())
        were: Counter[str] = Counter()
        would: Counter[str] = Counter()
        changed = []
        for one in replayed(book, house.audit.since(moment, kinds=KINDS)):
            were[one.was] += 1
            would[one.would] += 1
            if one.is_changed:
                changed.append(_row(one))
    document = {
        "since": moment,
        "sign_ins": sum(were.values()),
        "were": dict(were),
        "would_be": dict(would),
        "changed": changed,
    }
    if told.as_json:
        told.show(document)
        return
    told.table(changed, columns=_COLUMNS, empty="Nothing would have become of any of them.")
    write(f"Of {sum(were.values())} sign-ins since {moment:%Y-%m-%d %H:%M}, {len(changed)} change.")
    for outcome in ("allowed", "notified", "stepped_up", "refused"):
        write(f"{outcome:<12}{were[outcome]:>8} then {would[outcome]:>8} by these rules")
    if not were:
        note("Sign-ins are recorded while the rules in force can matter: see docs/howto/risk.md")


def _read(file: Path) -> RuleBook:
    """Exit status 2 and one sentence for a file that can't be used."""
    from portero.core.risk import BadRules, rulebook

    try:
        return rulebook(file.read_text("utf-8"))
    except (OSError, UnicodeError, BadRules) as error:
        raise click.BadParameter(f"{file}: {error}.", param_hint="FILE") from None


def _moment(given: str, now: datetime) -> datetime:
    span = re.fullmatch(r"([1-9][0-9]{0,4})([dh])", given)
    if span is not None:
        count = int(span[1])
        return now - (timedelta(days=count) if span[2] == "d" else timedelta(hours=count))
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        sentence = "this is neither a span such as 30d or 12h nor a date"
        raise click.BadParameter(sentence, param_hint="--since") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _row(one: Replayed) -> dict[str, Any]:
    return {
        "id": one.entry_id,
        "at": one.at,
        "account_id": one.account_id,
        "address": one.address,
        "was": one.was.value,
        "would": one.would.value,
        "score": one.score,
        "rules": ", ".join(one.fired),
    }
