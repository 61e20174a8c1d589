"""What an application that registers itself may say of itself: less than an operator's.

The same rules for dynamic registration (RFC 7591) and for Client ID Metadata Documents: nobody
has looked at either, so nothing in them may open more than a sign-in with consent does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from portero.kit.refusals import FieldFault
from portero.protocol.oauth.client_metadata import InvalidClientMetadata
from portero.protocol.oauth.metadata_policy import GrantType, MetadataPolicy

# Where a person says yes each time. A token in the client's own name (client_credentials), or for
# somebody whom another token or assertion names, is for clients that an operator knows; and so is
# CIBA, which writes mails to whomever the client names.
GRANTS: Final = frozenset(
    {
        GrantType.AUTHORIZATION_CODE.value,
        GrantType.REFRESH_TOKEN.value,
        GrantType.DEVICE_CODE.value,
    }
)
# Unknown here (RFC 7591 §2: ignored). `default_resource` opens an API, and lets the client
# introspect the tokens of everybody else for it.
PRIVILEGED: Final = frozenset({"default_resource", "first_party"})


def registrants_policy(policy: MetadataPolicy) -> MetadataPolicy:
    """The server's policy, as far as it goes for those who register themselves."""
    return replace(
        policy,
        grant_types=policy.grant_types & GRANTS,
        pkce_waivable=False,
    )


def without_privileges(document: Mapping[str, Any], scopes: Collection[str]) -> dict[str, Any]:
    """The document without what is not theirs to say, its scope within `scopes`: those that are
    not open are left out, and the answer tells what was registered (RFC 7591 §3.2.1). Without a
    scope they get all that are open. Raises `InvalidClientMetadata` when none is left."""
    kept = {name: value for name, value in document.items() if name not in PRIVILEGED}
    asked = kept.get("scope")
    if asked is None or asked == "":
        kept["scope"] = " ".join(scopes)
    elif isinstance(asked, str):  # anything else is a fault, and told by whoever reads it
        kept["scope"] = " ".join(scope for scope in asked.split(" ") if scope in scopes)
        if not kept["scope"]:
            raise InvalidClientMetadata(
                "scope: not_open",
                faults=(FieldFault("scope", "not_open", "None of these scopes is open here."),),
            )
    return kept
