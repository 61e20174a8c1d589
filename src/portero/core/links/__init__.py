"""Links: single-use, purpose-bound, short-lived secrets that travel by mail.

Owns their table and the one way to spend one. Does not know what a link leads to: the room that
issues it names the purpose and redeems it. A link of one purpose is nothing to another
(CVE-2026-52809), and it carries the address that it was mailed to, so that it can only ever
prove that address (CVE-2026-32700).
"""

from portero.core.links.model import Link, LinkPurpose, LinkSpent, LinkUrl
from portero.core.links.store import find_live, issue, list_live, purge, redeem, withdraw

__all__ = [
    "Link",
    "LinkPurpose",
    "LinkSpent",
    "LinkUrl",
    "find_live",
    "issue",
    "list_live",
    "purge",
    "redeem",
    "withdraw",
]
