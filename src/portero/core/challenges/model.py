"""What speaks for a robot, what is asked of it, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Occasion(StrEnum):
    """What a puzzle is asked before. A solution for one opens no other."""

    LOGIN = "login"
    REGISTER = "register"
    RECOVERY = "recovery"
    MAIL_SIGN_IN = "mail_sign_in"


@dataclass(frozen=True, slots=True)
class Pressure:
    """Tries in the present windows, good ones not counted: of the name that was typed, and from
    where it was typed. `device_known`: the browser signed in to this account before. `alarm`: a
    list of stolen passwords seems to be tried, here and there (`core/stuffing`)."""

    of_subject: int = 0
    of_address: int = 0
    device_known: bool = False
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Widget:
    """What a page loads from a service elsewhere: its script, the class of the element that the
    script fills, and the sources that the page has to be allowed, by directive (CSP)."""

    script_url: str
    element_class: str
    sources: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Puzzle:
    """What is asked: the `kind` of its gate, what whoever solves it needs, what a page loads for
    it, and the ticket for who can't run scripts, which is good after `wait_seconds`."""

    kind: str
    content: Mapping[str, Any]
    widget: Widget | None = None
    ticket: str = ""
    wait_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Solved:
    """A solution that holds. `about` is what its puzzle was made for, None where the service that
    judged it binds it to nothing; `by_waiting`: no work was done for it."""

    id: str
    about: str | None
    level: int
    expires_at: datetime
    by_waiting: bool = False
