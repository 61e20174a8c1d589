"""Why a start is refused."""

from __future__ import annotations


class SettingsError(Exception):
    """One sentence for the operator. `key` is the setting to change; no secret value is told."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key
        self.sentence = sentence
