"""A code that goes by text message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

# The kind of the outbox job; its payload is `CodeText.to_payload()`.
CODE_TEXT: Final = "code_text"


@dataclass(frozen=True, slots=True)
class CodeText:
    """`to` is a number in E.164, `locale` a BCP 47 tag or empty. After `expires_at` the code opens
    nothing any more, and the message would only cost money."""

    to: str
    locale: str
    code: str
    expires_at: datetime

    def to_payload(self) -> dict[str, object]:
        return {
            "to": self.to,
            "locale": self.locale,
            "code": self.code,
            "expires_at": self.expires_at.isoformat(),
        }

    @classmethod
    def from_payload(cls, payload: Mapping[str, object]) -> Self:
        return cls(
            str(payload["to"]),
            str(payload["locale"]),
            str(payload["code"]),
            datetime.fromisoformat(str(payload["expires_at"])),
        )
