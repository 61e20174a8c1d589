"""Texts that somebody else gives in several languages."""

from __future__ import annotations

from collections.abc import Mapping


def in_language(texts: Mapping[str, str], tag: str) -> str:
    """The one for that BCP 47 tag, or for its language in general; '' when there is none."""
    return texts.get(tag) or texts.get(tag.partition("-")[0], "")
