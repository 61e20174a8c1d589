"""What is wrong with one value, before anybody knows which member it came from."""

from __future__ import annotations


class Unacceptable(ValueError):
    """A value that can't be taken: a stable `code`, and a sentence for whoever sent it."""

    def __init__(self, code: str, public: str) -> None:
        super().__init__(public)
        self.code = code
        self.public = public
