"""What can be told of a person as claims (OpenID Connect Core §5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portero.core.accounts.model import Account


def known_claims(account: Account) -> Mapping[str, Any]:
    """Every claim that the account has a value for; which of them are told is the scope's matter.

    The operator's own attributes come after the standard claims and never replace one.
    """
    told: dict[str, Any] = {
        **account.attributes,
        "name": account.display_name,
        "preferred_username": account.username,
        "picture": account.picture,
        "zoneinfo": account.zoneinfo,
        "locale": account.locale,
        "updated_at": int(account.updated_at.timestamp()),
        "email": account.email,
        "phone_number": account.phone,
    }
    if account.email:
        told["email_verified"] = account.email_verified
    if account.phone:
        told["phone_number_verified"] = account.phone_verified
    return told
