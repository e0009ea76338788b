"""The plans of both runs, with the digests of their code."""

import msgspec

from nbyard.domain.runs.structs import Run, TaskPlan
from nbyard.freezing.runs.bisected_runs import mixed_plans
from nbyard.store import Store

from ...store.rows import Rows


def a_run(rows: Rows, version: str) -> Run:
    run = rows.run(parameters={"n": 1})
    plan = TaskPlan("a", "A", "e", version, [], {}, "process")
    rows.task(run, "a", plan=msgspec.to_builtins(plan))
    return run


def test_equal_code_in_other_folders_is_a_change_of_files(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        executable = rows.executable("train")
        versions = [
            rows.executable_version(executable.id, name, code_digest=code).id
            for name, code in (("two", "c1"), ("three", "c1"), ("four", "c2"))
        ]
        runs = [a_run(rows, version) for version in (*versions, "gone")]
        kinds = [
            [change.kind for change in mixed_plans(store, c, runs[0], other).changes]
            for other in runs
        ]
    assert kinds == [[], ["files"], ["code"], ["code"]]
