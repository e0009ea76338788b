"""The answers of comparisons as clients see them."""

from typing import Any

import msgspec
import pytest

from nbyard.domain.comparison.structs import Cause, DatasetLink, Explanation
from nbyard.reasons.structs import because

from .records import code, run


def test_an_explanation_survives_json() -> None:
    cause = Cause(
        "code", "a", "A", 0, "n.ipynb", because("cell-changed", cell=2), "x", "y", 2,
        [code(), code("new", 2)], DatasetLink("d", "sea", 1, 2),
    )  # fmt: skip
    found = Explanation(run(1), run(2), [], [cause])
    assert msgspec.json.decode(msgspec.json.encode(found), type=Explanation) == found


@pytest.mark.parametrize(
    ("last", "part"),
    [
        ({"state": "failed", "reason": because("command-exited", exit_code=1)}, "the same reason"),
        (
            {"state": "failed", "reason": because("command-exited", exit_code=2)},
            "different reasons",
        ),
        ({"state": "succeeded"}, "equal results"),
    ],
)
def test_failed_runs_have_no_equal_results(last: dict[str, Any], part: str) -> None:
    failed = {"state": "failed", "reason": because("command-exited", exit_code=1)}
    old, new = (
        msgspec.structs.replace(run(number), **changes)
        for number, changes in ((1, failed), (2, last))
    )
    sentence = Explanation(old, new, [], []).sentence
    assert part in sentence and ("exit code" in sentence) == (new.state == "failed")
