"""What was once found, or would be tried first, breaks no parser. `make fuzz` looks for more."""

from __future__ import annotations

import pytest

from tests.fuzz.parsers import CORPUS, TARGETS, corpus_of

# No type of details is known, and nobody signs.
NEVER_ACCEPTED = {"authorization_details", "assertion", "fido_metadata"}


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(name: str) -> None:
    """Nothing is raised but what the parser says it raises, and what it accepts is as it says.
    The first of each is a good one: the others are near to it."""
    inputs = corpus_of(name)
    assert inputs
    accepted = [TARGETS[name](content) for content in inputs]
    assert accepted[0] is (name not in NEVER_ACCEPTED)


def test_each_corpus_is_a_parsers() -> None:
    assert {path.stem for path in CORPUS.iterdir()} == set(TARGETS)
