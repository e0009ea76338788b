"""Gives refusals by Tornado and Jupyter an error body with a reason."""

from tornado import web

from nbyard.errors import ErrorBody, NbyardError
from nbyard.reasons.structs import Reason, because, text_reason

# The stable code and the reason of each status.
BODIES = {
    400: ("bad-request", because("request-unreadable")),
    401: ("unauthenticated", because("login-needed")),
    403: ("forbidden", because("access-refused")),
    404: ("not-found", because("address-not-found")),
    405: ("method", because("method-not-allowed")),
    411: ("length", because("length-needed")),
    413: ("too-large", because("body-over-limit")),
}
# What these refusals are followed by, if their cause is known.
WITH_CAUSE = {400: "request-unreadable-because", 403: "access-refused-because"}


class Refusal(web.HTTPError):
    """A refusal of a request with a reason of nbyard's catalogue."""

    def __init__(self, status: int, why: Reason):
        super().__init__(status, str(why))
        self.why = why


def body_of(status: int, error: BaseException | None, request_id: str) -> ErrorBody:
    """Return the body of an error response with this status.

    `error` is what the handler raised. If Tornado or Jupyter raised it, its text becomes the cause.
    """
    code, reason = BODIES.get(status, (NbyardError.code, NbyardError.default()))
    cause = error.why if isinstance(error, Refusal) else None
    if cause is None and isinstance(error, web.HTTPError):
        cause = text_reason(error.log_message or "")
    if cause is not None and status in WITH_CAUSE:
        reason = because(WITH_CAUSE[status], problem=cause)
    return ErrorBody(code, str(reason), request_id=request_id, reason=reason)
