"""Responses of the server: JSON. Errors have a message in `error`."""

from __future__ import annotations

from typing import Any, NamedTuple

from nbyard.serving.call_model import ModelFailed
from nbyard.serving.codec import BadAnswer, ValueRefused

from .bodies import IncompleteBody, UnsupportedBody
from .call_watchdog import BlockedByLateCall, CallTimedOut
from .micro_batches import QueueFull
from .open_inference_protocol import MalformedRequest

JSON = b"application/json"
TEXT = b"text/plain; version=0.0.4; charset=utf-8"
FULL = "too many rows wait for the model: try again in a moment"
STATUSES: dict[type[Exception], int] = {
    IncompleteBody: 400,
    MalformedRequest: 400,
    UnsupportedBody: 415,
    QueueFull: 503,
    BlockedByLateCall: 503,
    CallTimedOut: 504,
}
RETRY_SECONDS = b"1"
EXPECTED = (
    IncompleteBody,
    MalformedRequest,
    UnsupportedBody,
    ValueRefused,
    ModelFailed,
    QueueFull,
    BlockedByLateCall,
    CallTimedOut,
)


class Answer(NamedTuple):
    """A response. `type` is its content type. `headers` are other headers than type and length."""

    body: bytes
    status: int = 200
    type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


def json_response(value: Any, status: int = 200) -> Answer:
    """Return a response with a value as JSON."""
    import orjson

    return Answer(orjson.dumps(value), status)


def error_response(status: int, message: str, **more: Any) -> Answer:
    """Return a response for an error. `more` are further fields of its JSON object."""
    answer = json_response({"error": message, **more}, status)
    if status == 503:
        return answer._replace(headers=((b"retry-after", RETRY_SECONDS),))
    return answer


def failure_response(error: Exception) -> Answer:
    """Return the response for one of the EXPECTED errors, without a traceback."""
    for kind, status in STATUSES.items():
        if isinstance(error, kind):
            return error_response(status, str(error) or FULL)
    if isinstance(error, ValueRefused) and not isinstance(error, BadAnswer):
        return error_response(422, str(error), details=[error.detail()])
    message = str(error) if isinstance(error, ModelFailed) else f"the model's answer: {error}"
    return error_response(500, message)
