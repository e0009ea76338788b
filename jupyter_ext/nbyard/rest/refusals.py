"""Gives refusals by Tornado and Jupyter an error body."""

from tornado import web

from nbyard.errors import ErrorBody, NbyardError

# The stable code and the message of each status.
BODIES = {
    400: ("bad-request", "The request cannot be read."),
    401: ("unauthenticated", "Log in first."),
    403: ("forbidden", "You may not do this, or your login has expired."),
    404: ("not-found", "Address not found."),
    405: ("method", "Method not allowed."),
    411: ("length", "Requests with this method need the header Content-Length."),
    413: ("too-large", "The body is too large."),
}
# What these refusals are followed by, if their cause is known.
WITH_CAUSE = {400: "The request cannot be read.", 403: "You may not do this."}


class Refusal(web.HTTPError):
    """A refusal of a request, with its text."""

    def __init__(self, status: int, why: str):
        super().__init__(status, why)
        self.why = why


def body_of(status: int, error: BaseException | None, request_id: str) -> ErrorBody:
    """Return the body of an error response with this status.

    `error` is what the handler raised. If Tornado or Jupyter raised it, its text becomes the cause.
    """
    code, message = BODIES.get(status, (NbyardError.code, str(NbyardError.default())))
    # Tornado doubles each % of a message.
    cause = error.why if isinstance(error, Refusal) else getattr(error, "log_message", None)
    if cause and status in WITH_CAUSE:
        message = f"{WITH_CAUSE[status]} {cause}"
    return ErrorBody(code, message, request_id=request_id)
