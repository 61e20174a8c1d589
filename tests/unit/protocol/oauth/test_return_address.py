"""Where the answer of the authorization endpoint goes."""

from __future__ import annotations

import pytest

from portero.protocol.oauth.authorization_request import UnusableReturn, read_return
from portero.protocol.oauth.client_metadata import ClientMetadata
from portero.protocol.oauth.parameters import Parameters

ONE = "https://app.example/callback"


def test_the_one_address_of_a_client_needs_no_mention() -> None:
    """RFC 6749 §3.1.2.3."""
    client = ClientMetadata(redirect_uris=(ONE,))
    assert read_return(Parameters({}), client_id="c", client=client).redirect_uri == ONE


def test_a_fapi_client_names_its_address_always() -> None:
    """FAPI 2.0 §5.3.2.2, in what it pushes: also for plain OAuth, and where it has only one."""
    client = ClientMetadata(redirect_uris=(ONE,), profile="fapi2")
    with pytest.raises(UnusableReturn):
        read_return(Parameters({}), client_id="c", client=client)
    named = Parameters({"redirect_uri": (ONE,)})
    assert read_return(named, client_id="c", client=client).redirect_uri == ONE
