"""Mail: writes a notice in its reader's language and hands it to a mail server or to a folder.

Owns the templates, the shape of a message and the SMTP conversation. Decides neither who is told
nor what about: that is in the notice, which comes from the outbox.
"""

from portero.outside.mail.delivery import MailDelivery, MailSender
from portero.outside.mail.files import FileSender
from portero.outside.mail.render import MailRenderer
from portero.outside.mail.smtp import SmtpSender

__all__ = ["FileSender", "MailDelivery", "MailRenderer", "MailSender", "SmtpSender"]
