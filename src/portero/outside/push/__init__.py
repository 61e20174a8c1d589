"""Web Push: writes a message in its reader's language, encrypts it to one browser, and posts it
to that browser's push service.

Decides neither who is asked nor what counts as an answer: `core/factors/push` does.
"""

from portero.outside.push.messenger import PushMessenger
from portero.outside.push.writing import MessageWriter

__all__ = ["MessageWriter", "PushMessenger"]
