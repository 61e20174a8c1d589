"""What is unusual about a sign-in, and what comes of it."""

# ruff: noqa: RUF009  # a default is a dataclasses.field(), made anew and shared by nobody

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from portero.settings import parsing
from portero.settings.rows import setting
from portero.settings.table.challenges import ChallengeSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskSettings(ChallengeSettings):
    risk_rules: Path | None = setting(
        "PORTERO_RISK_RULES",
        parsing.paths_optional,
        "",
        "File (TOML) of what makes a sign-in doubtful and what comes of it; empty: the rules that "
        "`portero policy show` prints. Read at the start.",
    )
    anonymising_networks: Path | None = setting(
        "PORTERO_ANONYMISING_NETWORKS",
        parsing.paths_optional,
        "",
        "File of networks that hide who uses them, one (CIDR) on a line, for the rules of risk; "
        "read at the start.",
    )
