"""A form in the body of a request: the one place where endpoints of the protocols read one."""

from __future__ import annotations

from portero.protocol.oauth.errors import InvalidRequest
from portero.protocol.oauth.parameters import FORM_TYPE, Parameters, read_parameters
from portero.web.exchange import Request


def form_alone(request: Request) -> Parameters:
    """The form of a request that has nothing in its URL; raises `InvalidRequest`."""
    if request.query_string:
        # RFC 6749 §3.2: parameters in the URL end up in logs.
        raise InvalidRequest("Send the parameters in the body, not in the URL.")
    return read_form(request.header("content-type"), request.body)


def read_form(content_type: str | None, body: bytes) -> Parameters:
    """Raises `InvalidRequest` for a body that is no form. No body is an empty one."""
    if body and not is_form(content_type):
        raise InvalidRequest(f"The body must be {FORM_TYPE}.")
    try:
        return read_parameters(body.decode("ascii"))
    except UnicodeDecodeError:
        raise InvalidRequest("The body is not form-encoded.") from None


def is_form(content_type: str | None) -> bool:
    if content_type == FORM_TYPE:
        return True
    return (content_type or "").partition(";")[0].strip().lower() == FORM_TYPE
