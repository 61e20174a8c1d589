"""How long a request waits, and how often one may be made.

Whoever may begin these requests can have mails written to anybody whose name it knows, and learns
by the answer whether a name is somebody's (`unknown_user_id`, CIBA §13). Therefore only an operator
registers such a client, wrong names are counted for it, and so are the requests for one person.
"""

from __future__ import annotations

from typing import Final

from portero.core.limits import LimitPolicy

# seconds, where the client does not say: as long as a device code
LIFETIME_SECONDS: Final = 600
# What a person is shown at once; more than the limits below let wait.
MOST_SHOWN: Final = 50

# More than this in ten minutes is no work that one person can look at, but a way to tire them into
# a yes.
CIBA_BY_CLIENT: Final = LimitPolicy("ciba_by_client", tries=5, window_seconds=600)
# Wider, so that one application can't use up what others may ask of the same person.
CIBA_BY_ACCOUNT: Final = LimitPolicy("ciba_by_account", tries=15, window_seconds=600)
CIBA_UNKNOWN_BY_CLIENT: Final = LimitPolicy("ciba_unknown_by_client", tries=30, window_seconds=600)
POLICIES: Final = (CIBA_BY_CLIENT, CIBA_BY_ACCOUNT, CIBA_UNKNOWN_BY_CLIENT)
