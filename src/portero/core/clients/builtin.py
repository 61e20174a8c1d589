"""The built-in first-party client: whom `POST /login` issues to (decision "First-party tokens").

It is a value and no row, so that no operator, import or migration can lose or alter it. It has no
grant at the OAuth endpoints: its tokens come from `core/login` and `/refresh` alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from portero.core.clients.model import Client, ClientState, CreatedBy
from portero.protocol.oauth.metadata_model import ClientMetadata
from portero.protocol.oauth.metadata_policy import AuthMethod

FIRST_PARTY_CLIENT_ID: Final = "portero"

_ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)

FIRST_PARTY_CLIENT: Final = Client(
    client_id=FIRST_PARTY_CLIENT_ID,
    metadata=ClientMetadata(
        token_endpoint_auth_method=AuthMethod.NONE,
        grant_types=(),
        response_types=(),
        client_name="Portero",
    ),
    secret_hash="",  # none, and an empty hash matches nothing
    secret_sealed="",
    first_party=True,
    state=ClientState.ACTIVE,
    created_at=_ALWAYS,
    updated_at=_ALWAYS,
    created_by=CreatedBy.BUILT_IN,
)
