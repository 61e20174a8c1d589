"""What our own document says of the API is true of whatever Schemathesis sends."""

from __future__ import annotations

import pytest

from tests.fuzz import requests
from tests.support.house import MakeHome

# Of each of two halves, so that both workers have one; `make fuzz` sends a hundred thousand.
REQUESTS = 2500


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What is tried is what the API makes of a request, not how it is stored."""
    return sqlite_url


@pytest.mark.parametrize("number", [1, 2])
def test_no_request_breaks_the_api_or_its_document(make_home: MakeHome, number: int) -> None:
    """No 500; each status, media type and body is what the document says."""
    sent = requests.send_all(make_home(**requests.SETTINGS), examples=12, number=number)
    print("\n".join(sent.lines()))
    assert not sent.faults, "\n\n".join(sent.faults[:10])
    assert sent.answers.total() >= REQUESTS
