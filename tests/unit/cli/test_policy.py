"""`portero policy`, and `portero audit show`: why was I asked, and what would other rules do?"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from portero.cli.house import opened_house
from portero.core.audit import Actor
from portero.core.risk import DEFAULT_RULES
from portero.core.risk.events import SignInDoubted
from tests.unit.cli.conftest import Portero

STRICT = """
[answers]
deny = 60

[[rules]]
name = "a new country"
when = ["new_country"]
points = 60
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "changed.toml").write_text(STRICT)
    return tmp_path / "changed.toml"


def test_recorded_sign_ins_are_replayed_and_shown(portero: Portero, file: Path) -> None:
    """As far back as is asked for; and one of them is shown whole."""
    trace = SignInDoubted(
        account_id="ana",
        signals=("new_country", "new_device"),
        values={"country": "CL", "countries_before": ["PT"]},
        rules=("a new browser in a new country",),
        score=50,
        second="possible",
        answer="step_up",
        told=False,
    )
    with opened_house() as house:
        actor = Actor.system()
        for days in (40, 2):
            at = house.clock.now() - timedelta(days=days)
            house.db.write(lambda tx, at=at: house.audit.record(tx, actor, at, trace))
        entry_id = house.audit.list_entries()[0].id
    told = portero("policy", "backtest", str(file), "--json").json
    assert (told["sign_ins"], told["were"]) == (1, {"stepped_up": 1})
    assert told["would_be"] == {"refused": 1}
    (row,) = told["changed"]
    assert (row["id"], row["was"], row["would"]) == (entry_id, "stepped_up", "refused")
    text = portero("policy", "backtest", str(file), "--since", "2020-01-01").out
    assert "Of 2 sign-ins" in text
    assert "2 change" in text
    shown = portero("audit", "show", entry_id).out
    assert "new_country, new_device" in shown
    assert "country: CL; countries_before: PT" in shown
    assert portero("audit", "show", "nothing").status == 1


def test_since_when_is_a_span_or_a_date(portero: Portero, file: Path) -> None:
    for since in ("36h", "2026-01-01", "2026-01-01T10:00+02:00"):
        assert portero("policy", "backtest", str(file), "--since", since).status == 0
    for since in ("a while", "0d", "-3d", "30"):
        assert portero("policy", "backtest", str(file), "--since", since).status == 2


@pytest.mark.parametrize("verb", ["backtest", "check"])
def test_a_bad_file_is_one_sentence(portero: Portero, file: Path, verb: str) -> None:
    """Exit status 2, and the rule that is wrong."""
    file.write_text(STRICT.replace('"new_country"', '"tea_time"'))
    answer = portero("policy", verb, str(file))
    assert (answer.status, answer.out, answer.err.count("\n")) == (2, "", 1)
    assert "rule 1 (“a new country”): when names tea_time" in answer.err


def test_a_check_says_what_can_not_matter(portero: Portero, file: Path) -> None:
    """The built-in rules ask for more of nobody without a file of places or of networks."""
    file.write_text(portero("policy", "show").out)
    assert file.read_text() == DEFAULT_RULES
    answer = portero("policy", "check", str(file))
    assert (answer.status, "PORTERO_GEOIP_FILE" in answer.err) == (0, True)


def test_a_bad_list_of_networks_is_the_doctors_finding(
    portero: Portero, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTERO_ANONYMISING_NETWORKS", str(file))
    answer = portero("doctor", "--json")
    assert answer.status == 1
    assert answer.json[-1]["advice"] == "Correct PORTERO_ANONYMISING_NETWORKS."
    assert "line 2 is no network: [answers]" in answer.json[-1]["message"]


def test_a_bad_file_stops_the_start(
    portero: Portero, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said by whatever reads the settings; the doctor has it as its finding."""
    file.write_text(STRICT.replace("points = 60", "points = -5"))
    monkeypatch.setenv("PORTERO_RISK_RULES", str(file))
    answer = portero("settings")
    assert answer.status == 1
    assert "PORTERO_RISK_RULES" in answer.err
    assert "rule 1 (“a new country”): points must be" in answer.err
    (finding,) = portero("doctor", "--json").json
    assert (finding["check"], finding["state"]) == ("settings", "fail")
    assert finding["advice"] == "Correct PORTERO_RISK_RULES."
