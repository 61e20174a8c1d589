"""The corpus: every group of cases, by name. Harmless ones are beside it."""

from __future__ import annotations

from typing import Final

from guard.tests.jwt_corpus import claims, signing, writing
from guard.tests.jwt_corpus.table import Group

CORPUS: Final[dict[str, Group]] = {
    "unsigned": signing.UNSIGNED,
    "alg": signing.ODD_ALGORITHMS,
    "public key as a secret": signing.PUBLIC_KEY_AS_SECRET,
    "another key": signing.OTHER_KEYS,
    "spare key": signing.UNREGISTERED_ALGORITHM,
    "key in the header": signing.KEY_IN_THE_HEADER,
    "signature": signing.BROKEN_SIGNATURES,
    "psychic signature": signing.PSYCHIC_SIGNATURES,
    "kid": writing.KEY_IDS,
    "crit": writing.CRITICAL,
    "typ": writing.TYPES,
    "spelling": writing.SPELLINGS,
    "json": writing.NOT_JSON,
    "twice": writing.TWICE,
    "no signed JWT": writing.NO_SIGNED_JWT,
    "large": writing.LARGE,
    "missing": claims.MISSING,
    "list": claims.LISTS,
    **claims.ODD_TEXTS,
    **claims.OTHER_TEXTS,
    "aud": claims.AUDIENCES,
    "time": claims.ODD_TIMES,
    "other time": claims.OTHER_TIMES,
}
HARMLESS: Final[Group] = writing.HARMLESS
