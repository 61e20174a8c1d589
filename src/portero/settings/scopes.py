"""The `[scopes]` table of portero.toml: what the operator's scopes mean, in words for people.

[scopes."reports:read"]
sentence = "Read your reports"
sentences = { de = "Ihre Berichte lesen" }
claims = ["department"]
for_all = false
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final

from portero.protocol.oauth.scope_meanings import STANDARD, Scope
from portero.protocol.oidc.claims import STANDARD_CLAIMS
from portero.settings.errors import SettingsError

# RFC 6749 §3.3; the length keeps a list of them short enough for a token.
_NAME: Final = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]{1,128}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2}|-[A-Z][a-z]{3})?")
_KNOWN: Final = {"sentence", "sentences", "claims", "for_all"}
_TABLE: Final = "scopes"
_MAX_SENTENCE_LENGTH: Final = 200


def scopes(table: object, *, attributes: Collection[str]) -> dict[str, Scope]:
    """Each scope, by name. `attributes` are the declared ones, which a scope may give as claims."""
    if not isinstance(table, Mapping):
        raise SettingsError(_TABLE, f"[{_TABLE}] in portero.toml must be a table.")
    known = {*attributes, *STANDARD_CLAIMS}
    return {str(name): _scope(str(name), given, known) for name, given in table.items()}


def _scope(name: str, given: object, known: Collection[str]) -> Scope:
    key = f'{_TABLE}."{name}"'
    if not _NAME.fullmatch(name):
        raise SettingsError(
            key, f"{key} must be named in ASCII letters, digits and signs, without space or quote."
        )
    if not isinstance(given, Mapping) or not set(given) <= _KNOWN:
        raise SettingsError(key, f"{key} must be a table of {', '.join(sorted(_KNOWN))}.")
    claims = given.get("claims", [])
    if not isinstance(claims, list) or not all(isinstance(each, str) for each in claims):
        raise SettingsError(key, f"{key}.claims must be a list of texts.")
    for claim in claims:
        if claim not in known:
            raise SettingsError(key, f"{key}.claims names {claim}, which is no declared attribute.")
    # Who replaces a standard scope's sentence should not close it to clients by the way.
    for_all = given.get("for_all", name in STANDARD and STANDARD[name].for_all)
    if not isinstance(for_all, bool):
        raise SettingsError(key, f"{key}.for_all must be true or false.")
    return Scope(
        name,
        _sentence(f"{key}.sentence", given.get("sentence")),
        sentences=_sentences(f"{key}.sentences", given.get("sentences", {})),
        claims=tuple(claims),
        for_all=for_all,
    )


def _sentences(key: str, given: object) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise SettingsError(key, f"{key} must be a table of sentences by language.")
    for tag in given:
        if not _LANGUAGE.fullmatch(str(tag)):
            raise SettingsError(key, f"{key}.{tag} must be a language tag such as de or pt-BR.")
    return {str(tag): _sentence(f"{key}.{tag}", text) for tag, text in given.items()}


def _sentence(key: str, given: object) -> str:
    if not isinstance(given, str) or not 0 < len(given) <= _MAX_SENTENCE_LENGTH:
        raise SettingsError(key, f"{key} must be the sentence that people consent to.")
    return given
