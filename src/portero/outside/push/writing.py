"""What the notification says, and what the page behind it needs."""

from __future__ import annotations

import json
from typing import Final

from portero.core.factors.push import Purpose, PushMessage
from portero.translations import translator_for

# Neutral: it may be read by others on a locked screen.
_SENTENCES: Final = {
    Purpose.PROVE: "Something waits for your answer.",
    Purpose.ENROL: "This device can be set up now.",
}


class MessageWriter:
    def __init__(self, *, product_name: str) -> None:
        self._product = product_name

    def write(self, message: PushMessage) -> bytes:
        """For our service worker: what it shows, and the secret for the page that it opens."""
        said = translator_for((message.locale,)).text(_SENTENCES[message.purpose])
        content = {"title": self._product, "body": said, "secret": message.secret}
        return json.dumps(content, ensure_ascii=False).encode()
