"""What our scripts and templates may not do in a browser (ASVS 3.2.2, 3.5.5, 14.3.3)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[3] / "src/portero/web"
SCRIPTS = sorted(WEB.glob("static/*.js"))
TEMPLATES = sorted(WEB.glob("templates/**/*.html"))

FORBIDDEN = {
    # Text becomes markup (CWE-79).
    "markup": r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|srcdoc|createContextualFragment)\b"
    r"|document\.write|DOMParser",
    # Text becomes a program.
    "program": r"\beval\s*\(|new Function|set(?:Timeout|Interval)\s*\(\s*['\"`]|javascript:",
    # What is kept there outlives a sign-out, and every script of the origin can read it.
    "storage": r"\b(?:localStorage|sessionStorage|indexedDB|caches)\b|document\.cookie",
    # A message of another window: of whom, is easily forgotten.
    "windows": r"window\.(?:opener|parent|top)\b|window\.postMessage|onmessage\b"
    r"|window\.addEventListener\(.message",
    # Another origin, and whoever answers there.
    "elsewhere": r"(?:src|href|import|fetch\()\s*[=(]?\s*['\"]https?:",
}
# Our own worker, which solves a puzzle, hears from its page and answers it: no other window can.
WORKER = ("solve.js", "puzzle.js")


@pytest.mark.parametrize("danger", FORBIDDEN)
def test_no_script_does_what_is_dangerous(danger: str) -> None:
    """Each by the words without which it can't be done."""
    found = [
        (path.name, match[0])
        for path in SCRIPTS
        for match in re.finditer(FORBIDDEN[danger], path.read_text("utf-8"))
    ]
    assert found == []


def test_messages_are_between_a_page_and_its_worker_alone() -> None:
    """No `message` of a window is listened to, so none has to be asked where it is from."""
    users = {path.name for path in SCRIPTS if "postMessage" in path.read_text("utf-8")}
    assert users == set(WORKER)


def test_no_template_has_a_script_or_style_in_it() -> None:
    """The policy would stop it; and `safe` is said of our own signs alone."""
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style\b|\son\w+=|\sstyle=", text), path
        for said in re.findall(r"(\S+?)\s*\|\s*safe\b", text):
            assert said.endswith(("'", "_shapes[name]")), (path, said)


def test_a_planted_danger_is_caught() -> None:
    """The patterns find what they are about."""
    for danger, planted in {
        "markup": "node.innerHTML = name",
        "program": "setTimeout('go()', 1)",
        "storage": "localStorage.setItem('token', token)",
        "windows": "window.addEventListener('message', hear)",
        "elsewhere": "fetch('https://cdn.example/x')",
    }.items():
        assert re.search(FORBIDDEN[danger], planted), danger
