"""What ended a moment ago, known in memory, so that checking an access token costs no SQL.

A signed token says what was true when it was issued. This says what has ended since: fed by the
verbs of this process at once and by the change feed from the others. It forgets an end once every
token that it could concern has expired.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from portero.core.changes import ChangeFeed, ChangeKind


class Liveness:
    def __init__(self, feed: ChangeFeed, *, memory: timedelta) -> None:
        """`memory` is the longest lifetime of an access token, and some slack."""
        self._memory = memory
        self._lock = threading.Lock()
        self._ended_sessions: dict[str, datetime] = {}
        self._disabled_accounts: dict[str, datetime] = {}
        self._revoked_tokens: dict[str, datetime] = {}
        self._revoked_grants: dict[str, datetime] = {}
        feed.subscribe(ChangeKind.SESSION_ENDED, self._session_ended)
        feed.subscribe(ChangeKind.ACCOUNT_DISABLED, self._account_disabled)
        feed.subscribe(ChangeKind.GRANTS_VOIDED, self._account_disabled)
        feed.subscribe(ChangeKind.TOKEN_REVOKED, self._token_revoked)
        feed.subscribe(ChangeKind.GRANT_REVOKED, self._grant_revoked)

    def is_live(
        self,
        *,
        token_id: str,
        session_id: str,
        account_id: str,
        issued_at: datetime,
        grant_id: str = "",
    ) -> bool:
        """Whether neither the token nor anything that it names has ended since it was issued."""
        if token_id in self._revoked_tokens or session_id in self._ended_sessions:
            return False
        if grant_id in self._revoked_grants:
            return False
        disabled_at = self._disabled_accounts.get(account_id)
        if disabled_at is None:
            return True
        # `iat` has whole seconds: a token of the same second may be of a sign-in after the account
        # was enabled again. Those from before it name sessions that ended with it; one that names
        # no session could be from before, and is not believed.
        second = disabled_at.replace(microsecond=0)
        return issued_at >= second if session_id else issued_at > second

    def _session_ended(self, session_id: str, at: datetime) -> None:
        self._note(self._ended_sessions, session_id, at)

    def _account_disabled(self, account_id: str, at: datetime) -> None:
        self._note(self._disabled_accounts, account_id, at)

    def _grant_revoked(self, grant_id: str, at: datetime) -> None:
        self._note(self._revoked_grants, grant_id, at)

    def _token_revoked(self, token_id: str, at: datetime) -> None:
        self._note(self._revoked_tokens, token_id, at)

    def _note(self, ended: dict[str, datetime], subject: str, at: datetime) -> None:
        with self._lock:
            ended[subject] = max(at, ended.get(subject, at))
            # Insertion order is close to time order: the oldest are at the front.
            while ended and at - ended[oldest := next(iter(ended))] > self._memory:
                del ended[oldest]
