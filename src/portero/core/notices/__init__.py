"""Notices: what a person is told by mail because of what happened to their account, and the codes
that go by text message.

Owns the list of notices and which values each needs. Owns no text and no transport: a notice is a
job in the outbox; `outside/mail` and `outside/sms` write it in the reader's language and send it.
"""

from portero.core.notices.flows import NOTICE, Notices
from portero.core.notices.model import Notice, NoticeTemplate
from portero.core.notices.texts import CODE_TEXT, CodeText

__all__ = ["CODE_TEXT", "NOTICE", "CodeText", "Notice", "NoticeTemplate", "Notices"]
