"""The text of the message."""

from __future__ import annotations

from typing import Final

from portero.core.notices import CodeText
from portero.translations import translator_for

# No link in it: people learn that we send none, and forged messages live of links.
_SENTENCE: Final = "%(code)s is your code at %(product)s. Give it to nobody."


class TextWriter:
    """`host` is the issuer's. A phone fills the code in on pages of that host alone (domain-bound
    codes, https://wicg.github.io/sms-one-time-codes/ §3), which stops a page that looks like ours.
    """

    def __init__(self, *, product_name: str, host: str) -> None:
        self._product = product_name
        self._host = host

    def write(self, text: CodeText) -> str:
        translator = translator_for((text.locale,))
        said = translator.text(_SENTENCE, code=text.code, product=self._product)
        return f"{said}\n\n@{self._host} #{text.code}"
