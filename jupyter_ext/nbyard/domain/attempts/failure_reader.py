"""Reads failures, also those of an earlier version, and what the work says in them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from nbyard.domain.attempts.structs import Failure, Result

# The work could write its result itself. Rendering a reason needs a call for each level.
MAX_DEPTH = 16
_decode = msgspec.json.Decoder(Result).decode


def decode_result(data: bytes) -> Result:
    """Return the result in JSON data.

    Raises:
        MsgspecError: The data is not a result.
    """
    try:
        result = _decode(data)
    except msgspec.ValidationError:
        plain = msgspec.json.decode(data)
        if isinstance(plain, dict):
            plain["failure"] = _with_reason(plain.get("failure"))
        result = msgspec.convert(plain, Result)
    if result.failure and _is_deep(result.failure.reason.params, MAX_DEPTH):
        raise msgspec.ValidationError("the reason of the failure is nested too deeply")
    return result


def read_failure(plain: Any) -> Failure | None:
    """Return the failure in plain data, such as a row."""
    return msgspec.convert(_with_reason(plain), Failure | None)


def failure_text(failure: Failure) -> str:
    """Return what the work says in the reason of its failure, such as its exception."""
    return "\n".join(_texts(failure.reason.code, failure.reason.params))


def _with_reason(plain: Any) -> Any:
    """Return a failure with a reason. An earlier version wrote a text, as `message`."""
    if isinstance(plain, dict) and "reason" not in plain and isinstance(plain.get("message"), str):
        return {**plain, "reason": {"code": "text", "params": {"text": plain["message"]}}}
    return plain


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
