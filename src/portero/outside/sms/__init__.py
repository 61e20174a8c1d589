"""Text messages: writes a code in its reader's language and hands it to the operator's provider, or
to a folder.

Owns the sentence and the shapes of the providers' requests. Decides neither who gets a code nor
whether the number is one to send to: that was done before the job came into the outbox.
"""

from portero.outside.sms.delivery import TextDelivery, TextSender
from portero.outside.sms.files import TextFiles
from portero.outside.sms.provider import HttpTexts
from portero.outside.sms.requests import Account, Template, sns, templated, twilio, vonage
from portero.outside.sms.writing import TextWriter

__all__ = [
    "Account",
    "HttpTexts",
    "Template",
    "TextDelivery",
    "TextFiles",
    "TextSender",
    "TextWriter",
    "sns",
    "templated",
    "twilio",
    "vonage",
]
