"""Opaque access tokens: for clients whose tokens shall tell nobody anything but this server.

Owns one table: what such a token would say if it were a JWT, under the hash of the token.
"""

from portero.core.provider.opaque.flows import OpaqueTokens
from portero.core.provider.opaque.model import is_opaque, is_refresh
from portero.core.provider.opaque.store import purge

__all__ = ["OpaqueTokens", "is_opaque", "is_refresh", "purge"]
