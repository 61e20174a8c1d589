"""A code and a waiting request, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portero.core.provider.model import RefreshState


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """What was granted, and what the token request must fit. `grant_id` names the grant that the
    code's redemption makes, so that a second use can end it."""

    grant_id: str
    client_id: str
    account_id: str
    session_id: str
    redirect_uri: str
    redirect_uri_was_sent: bool
    scope: str
    resources: tuple[str, ...]
    nonce: str
    code_challenge: str
    dpop_jkt: str
    claims: Mapping[str, Any]
    details: tuple[Mapping[str, Any], ...]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RedeemedCode:
    """The three answers: FRESH with the code, SPENT with the grant it belonged to, UNKNOWN."""

    state: RefreshState
    code: AuthorizationCode | None = None
    grant_id: str = ""


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """An authorization request that waits for sign-in or consent. `parameters` are as the client
    sent them (a pushed or signed request resolved), and are checked again when the person is back.
    `pushed_id` is the pushed request that it came from, to be used up at the end; '' for none.
    `chosen`: the person has said with which account to go on."""

    id: str
    client_id: str
    browser_id: str
    parameters: Mapping[str, tuple[str, ...]]
    pushed_id: str
    created_at: datetime
    expires_at: datetime
    chosen: bool = False
