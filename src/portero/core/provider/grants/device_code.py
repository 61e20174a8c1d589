"""A device asks for its tokens (RFC 8628 §3.4, §3.5): see `polled`. It has to show the verifier of
the challenge that it began with."""

from __future__ import annotations

from typing import Final

from portero.core.provider.device import store
from portero.core.provider.device.model import DeviceRequest
from portero.core.provider.grants.polled import PolledFlow
from portero.core.provider.model import TokenRequest
from portero.protocol.oauth import pkce
from portero.protocol.oauth.metadata_policy import GrantType


def _check_verifier(asked: TokenRequest, request: DeviceRequest) -> None:
    verifier = asked.form.get("code_verifier")
    pkce.check_verifier(verifier, expected_challenge=request.code_challenge)


DEVICE_FLOW: Final = PolledFlow(
    grant_type=GrantType.DEVICE_CODE,
    parameter="device_code",
    requests=store.requests,
    check=_check_verifier,
)
