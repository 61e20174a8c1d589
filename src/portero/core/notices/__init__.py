"""Notices: what a person is told by mail because of what happened to their account.

Owns the list of notices and which values each needs. Owns no text and no transport: a notice is a
job in the outbox, and `outside/mail` writes it in the reader's language and sends it.
"""

from portero.core.notices.flows import NOTICE, Notices
from portero.core.notices.model import Notice, NoticeTemplate

__all__ = ["NOTICE", "Notice", "NoticeTemplate", "Notices"]
