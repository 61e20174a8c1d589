"""How the protocol endpoints say no: the registered error codes, one class each.

`code` is what the specification calls `error`; `description` becomes `error_description` and
keeps to %x20-21 / %x23-5B / %x5D-7E (RFC 6749 §5.2): ASCII without quotes and backslashes. It is
for developers and is not translated.
"""

from __future__ import annotations

from typing import ClassVar

from portero.kit.refusals import Refusal


class OAuthRefusal(Refusal):
    """A protocol endpoint refused. `detail` is for the log, as everywhere."""

    status: ClassVar[int] = 400
    description: str = "The request was refused."


class InvalidRequest(OAuthRefusal):
    """RFC 6749 §4.1.2.1, §5.2: malformed; the description says how."""

    code = "invalid_request"

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidClient(OAuthRefusal):
    """RFC 6749 §5.2. One text for every cause: who asks is not told what was wrong."""

    code = "invalid_client"
    description = "Client authentication failed."
    status = 401


class UnauthorizedClient(OAuthRefusal):
    """RFC 6749 §5.2: a good client, and not for this."""

    code = "unauthorized_client"
    description = "This client may not do this."


class UnsupportedGrantType(OAuthRefusal):
    """RFC 6749 §5.2."""

    code = "unsupported_grant_type"
    description = "This grant type is not supported."


class InvalidScope(OAuthRefusal):
    """RFC 6749 §5.2."""

    code = "invalid_scope"
    description = "The scope is unknown, malformed, or not for this client."


class InvalidTarget(OAuthRefusal):
    """RFC 8707 §2."""

    code = "invalid_target"
    description = "The resource is unknown, malformed, or not for this client."
