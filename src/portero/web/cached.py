"""Documents that clients keep: sent once, and asked for again by their ETag (RFC 9110 §13.1.2)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from portero.web.exchange import FixedHeaders, Request, Response


@dataclass(frozen=True, slots=True)
class CachedDocument:
    """Both answers, ready to be sent: the document, and that it has not changed."""

    etag: str
    whole: Response
    unchanged: Response

    @classmethod
    def of(
        cls, body: bytes, media_type: str, *headers: tuple[str, str], etag: str = ""
    ) -> CachedDocument:
        """`etag` is of the body; '' to have it made."""
        etag = etag or etag_of(body)
        told = FixedHeaders(*headers, ("ETag", etag))
        whole = Response(200, body, FixedHeaders(("Content-Type", media_type), *told))
        return cls(etag, whole, Response(304, b"", told))

    def answer(self, request: Request) -> Response:
        # A list, and weak ones, count too. The quotes are part of the tag, so no other holds it.
        known = request.header("if-none-match")
        return self.unchanged if known is not None and self.etag in known else self.whole


def etag_of(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
