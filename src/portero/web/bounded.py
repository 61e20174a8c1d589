"""How many fields one request to a page may have."""

from __future__ import annotations

from io import BytesIO
from typing import IO, Any, Final

from flask import Request
from werkzeug.formparser import FormDataParser
from werkzeug.utils import cached_property

from portero.kit.refusals import Refusal

# The longest page has one for each scope, detail and attribute.
MAX_FIELDS: Final = 200
_FORM: Final = "application/x-www-form-urlencoded"


class TooManyFields(Refusal):
    """Each costs far more to be taken apart than to be sent."""

    code = "too_many_fields"
    public = "There are too many fields."


class BoundedForms(FormDataParser):
    """Counts before anything is taken apart. Forms with files in them Flask counts itself."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Any:
        if mimetype == _FORM:
            body = stream.read()
            _check(body)
            stream = BytesIO(body)
        return super().parse(stream, mimetype, content_length, options)


class BoundedRequest(Request):
    form_data_parser_class = BoundedForms

    @cached_property
    def args(self) -> Any:
        _check(self.query_string)
        return super().args


def _check(encoded: bytes) -> None:
    if encoded.count(b"&") >= MAX_FIELDS:
        raise TooManyFields(f"{encoded.count(b'&') + 1} fields")
