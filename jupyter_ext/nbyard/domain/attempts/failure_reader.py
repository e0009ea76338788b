"""Read results and failures of tasks."""

from collections.abc import Iterator
from typing import Any

import msgspec

from nbyard.domain.attempts.structs import Failure, Result

# A task could forge result.json. Rendering a nested reason needs a call for each level.
MAX_DEPTH = 16
_decode = msgspec.json.Decoder(Result).decode


def decode_result(data: bytes) -> Result:
    """Decode the content of result.json.

    Raises:
        MsgspecError: the data is not a result, or its reason is nested too deeply.
    """
    result = _decode(data)
    if result.failure and _is_deep(result.failure.reason.params, MAX_DEPTH):
        raise msgspec.ValidationError("the reason of the failure is nested too deeply")
    return result


def read_failure(plain: Any) -> Failure | None:
    """Read a failure from plain data, such as a stored JSON value."""
    return msgspec.convert(plain, Failure | None)


def failure_text(failure: Failure) -> str:
    """Return the texts of the task in the reason of a failure.

    An exception is one such text: `ValueError: no rows`. The texts are one per line.
    """
    return "\n".join(_texts(failure.reason.code, failure.reason.params))


def _is_deep(value: Any, rest: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return rest == 0 or any(_is_deep(child, rest - 1) for child in inner)


def _texts(code: str, params: dict[str, Any]) -> Iterator[str]:
    if code == "raised":
        yield f"{params.get('name')}: {params.get('text')}"
        return
    for value in params.values():
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict) and isinstance(value.get("params"), dict):
            yield from _texts(str(value.get("code")), value["params"])
