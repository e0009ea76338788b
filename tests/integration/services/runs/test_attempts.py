"""Each attempt keeps a log and a record of its own."""

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound


@pytest.fixture
def tried(root, yard, ann, dispatcher):
    """Create a run whose only task failed once and then succeeded."""
    (root / "second.sh").write_text(
        f"if [ -e {root}/was-here ]; then echo now; else touch {root}/was-here; echo no; exit 3; fi"
    )
    (root / "flow.nbflow").write_text(
        '{"version": 1, "nodes": {"a": {"type": "executable", "path": "second.sh", "retries": 1}}}'
    )
    made = yard.services.runs.create(ann, NewRun(path="flow.nbflow"))
    return dispatcher.until(
        lambda: yard.services.runs.get(ann, made.id), lambda d: d.run.state == "succeeded"
    )


def test_attempts_are_read_by_number(yard, ann, tried):
    runs = yard.services.runs
    logs = {n: runs.log(ann, tried.run.id, "a", attempt=n) for n in (0, 1, 2)}
    assert [(log.text, log.attempt, log.done) for log in logs.values()] == [
        ("now\n", 2, True), ("no\n", 1, True), ("now\n", 2, True),
    ]  # fmt: skip
    assert {log.over for log in logs.values()} == {True}
    assert [attempt.state for attempt in tried.tasks[0].attempts] == ["failed", "succeeded"]
    first = runs.surroundings(ann, tried.run.id, "a", attempt=1)
    assert first.code_digest == runs.surroundings(ann, tried.run.id, "a").code_digest
    assert runs.cells(ann, tried.run.id, "a", attempt=1).notebook is None
    assert runs.usage(ann, tried.run.id, "a", attempt=1).attempt == 1


@pytest.mark.parametrize("asked", ["log", "cells", "surroundings", "usage", "metrics"])
def test_unknown_attempt_is_not_found(yard, ann, tried, asked):
    read = getattr(yard.services.runs, asked)
    with pytest.raises(NotFound, match="has no attempt 3"):
        read(ann, tried.run.id, "a", attempt=3)
    with pytest.raises(Invalid):
        read(ann, tried.run.id, "a", attempt=-1)
