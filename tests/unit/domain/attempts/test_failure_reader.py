"""Failures in results, also in damaged ones."""

import msgspec
import pytest

from nbyard.domain.attempts.failure_reader import (
    MAX_DEPTH,
    decode_result,
    failure_text,
)
from nbyard.domain.attempts.structs import Failure, Result
from nbyard.reasons.structs import Reason, because

RESULT = {"attempt_id": "a", "token": "t", "state": "failed", "started_at": 1, "finished_at": 2.0}


def test_a_result_is_read() -> None:
    failure = Failure("timeout", because("time-limit", seconds=5), cell=2)
    result = Result("a", "t", "failed", 1.0, 2.0, failure=failure)
    assert decode_result(msgspec.json.encode(result)) == result
    assert failure.reason == because("time-limit", seconds=5)


@pytest.mark.parametrize("content", [[], {}, {**RESULT, "failure": {"kind": "error"}}])
def test_an_invalid_result_is_refused(content: object) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode_result(msgspec.json.encode(content))


def test_a_reason_that_is_too_deep_to_render_is_refused() -> None:
    """The work could write its result itself."""
    reason = because("command-exited", exit_code=1)
    for _ in range(MAX_DEPTH):
        reason = because("function-process-ended", end=reason)
    result = Result("a", "t", "failed", 1.0, 2.0, failure=Failure("error", reason))
    with pytest.raises(msgspec.MsgspecError, match="nested too deeply"):
        decode_result(msgspec.json.encode(result))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (because("raised", name="ModuleNotFoundError", text="No x"), "ModuleNotFoundError: No x"),
        (because("disk-full", cause=because("raised", name="E", text="x")), "E: x"),
        (because("value-unfit", text="it returned nothing"), "it returned nothing"),
        (because("command-exited", exit_code=1), ""),
    ],
)
def test_texts_of_the_work_are_data(reason: Reason, said: str) -> None:
    assert failure_text(Failure("error", reason)) == said
