"""The number on the screen where somebody signs in. It is not stored: it follows from the id of the
question, under a key that is derived from SECRET_KEY."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from portero.core.factors.push import rules
from portero.core.factors.push.model import Question
from portero.kit.secrets import same_secret
from portero.kit.vault import Vault

_PURPOSE: Final = "push-number"


@dataclass(frozen=True, slots=True)
class Numbers:
    vault: Vault

    def of(self, question: Question) -> str:
        return rules.number_of(self.vault.mac(_PURPOSE, question.id))

    def is_right(self, question: Question, typed: str) -> bool:
        given = rules.typed_number(typed)
        possible = (rules.number_of(mac) for mac in self.vault.macs(_PURPOSE, question.id))
        return any(same_secret(given, each) for each in possible)
