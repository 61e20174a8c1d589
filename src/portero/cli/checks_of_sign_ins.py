"""What `portero doctor` says of how sign-ins are watched and judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portero.cli.checks import Finding, State

if TYPE_CHECKING:
    from portero.settings import Settings
    from portero.wiring import House


def stuffing(house: House) -> Finding:
    """Whether a list of stolen passwords seems to be tried."""
    standing, figures = house.stuffing.look()
    if standing.opened_at is None:
        return Finding("stuffing", State.OK, "Nobody seems to try a list of stolen passwords.")
    told = (
        f"Since {standing.opened_at.isoformat(timespec='seconds')} somebody seems to try a list of "
        f"stolen passwords: {figures.failures} of {figures.tries} tries failed in this window."
    )
    advice = "Strangers solve a puzzle meanwhile. See portero audit list --kind stuffing.began"
    return Finding("stuffing", State.WARN, told, advice)


def risk(settings: Settings) -> Finding:
    """By which rules; what is wrong with a file stopped the reading of the settings."""
    from portero.wiring.risk import judge_of

    rules = settings.risk_rules
    told = f"Sign-ins are judged by {rules or 'the built-in rules'}."
    if judge_of(settings).is_asked:
        return Finding("risk", State.OK, told)
    if rules is None:
        return Finding("risk", State.OK, "Nothing is set by which sign-ins could be judged.")
    advice = "See portero policy check, PORTERO_GEOIP_FILE and PORTERO_ANONYMISING_NETWORKS"
    return Finding(
        "risk", State.WARN, f"{told} With what is set, no answer can be reached.", advice
    )
