"""An application asks for the tokens of somebody whom it named (CIBA §10.1): see `polled`. A ping
or a push says nothing that counts here: the grant is the same in each mode (§11)."""

from __future__ import annotations

from typing import Final

from portero.core.provider.ciba import store
from portero.core.provider.grants.polled import PolledFlow
from portero.protocol.oauth.metadata_policy import GrantType

CIBA_FLOW: Final = PolledFlow(
    grant_type=GrantType.CIBA,
    parameter="auth_req_id",
    requests=store.requests,
    check=lambda asked, request: None,
    details=lambda request: request.details,
)
