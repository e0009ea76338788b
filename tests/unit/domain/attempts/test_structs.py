"""The attempt folder is a contract: what is written on one side is read on the other."""

import msgspec
import pytest

from nbyard.domain.attempts.structs import (
    CommandWork,
    Failure,
    NotebookWork,
    Output,
    Result,
    TaskFile,
)
from nbyard.reasons.structs import because

TASK = TaskFile(
    attempt_id="a",
    token="t",
    mark="m",
    work=NotebookWork("code/n.ipynb", "python3", "python", {"alpha": 0.1, "rows": None}),
    outputs={"table": Output("outputs/table/t.csv", "csv")},
)


@pytest.mark.parametrize("work", [TASK.work, CommandWork(["x", "-y"], {"A": "b"}, stdin="i")])
def test_a_task_file_survives_json(work):
    task = msgspec.structs.replace(TASK, work=work)
    assert msgspec.json.decode(msgspec.json.encode(task), type=TaskFile) == task


def test_an_unknown_field_is_refused():
    plain = msgspec.to_builtins(TASK) | {"shell": "rm -rf /"}
    with pytest.raises(msgspec.ValidationError, match="shell"):
        msgspec.convert(plain, TaskFile)


def test_a_result_has_a_reason():
    """The reason has cell, error and traceback."""
    failure = Failure(
        "error", because("text", text="KeyError: 'x'"), cell=3, error_name="KeyError", traceback="…"
    )
    result = Result("a", "t", "failed", 1.0, 2.0, failure=failure)
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"attempt_id": "a", "token": "t", "state": "lost"}', type=Result)
