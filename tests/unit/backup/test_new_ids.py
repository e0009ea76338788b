"""IDs of processes and containers are replaced in the rows of a second store."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbyard.backup.new_ids import NewIds
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.state_machines import ATTEMPT, RUN


def replaced(ids: NewIds, table: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    return [json.loads(line) for line in ids.replaced(table, lines)]


@given(st.sampled_from(sorted(RUN.moves)), st.sampled_from(sorted(ATTEMPT.moves)))
def test_attempts_and_workers_that_may_be_alive_are_replaced(run: str, attempt: str) -> None:
    ids, worker, key = NewIds(new_id()), new_id(), new_id()
    assert replaced(ids, "runs", {"id": "r", "state": run}) == [{"id": "r", "state": run}]
    replaced(ids, "tasks", {"id": "t", "run_id": "r", "state": "running"})
    row = {"id": key, "state": attempt, "task_id": "t", "worker": worker}
    (found,) = replaced(ids, "attempts", row)
    is_live = run in RUN.live
    assert (found["worker"] != worker) is is_live
    assert (found["id"] != key) is (is_live and attempt in ATTEMPT.live)
    later = replaced(ids, "later", {"of": f"attempt {key} in {worker}"})
    assert later == [{"of": f"attempt {found['id']} in {found['worker']}"}]


def test_the_store_and_deployments_are_replaced_wherever_they_occur() -> None:
    store, deployment, other = new_id(), new_id(), new_id()
    ids = NewIds(store)
    (fact,) = replaced(ids, "facts", {"name": "store_id", "value": store})
    made, _ = replaced(ids, "deployments", {"id": deployment}, {"id": "no ID"})
    (link,) = replaced(ids, "links", {"to": [deployment, other], "of": "no ID"})
    assert is_id(fact["value"]) and fact["value"] != store
    assert is_id(made["id"]) and made["id"] != deployment
    assert link == {"to": [made["id"], other], "of": "no ID"}


def test_lines_that_are_no_rows_stay() -> None:
    lines = [b"[]\n", b"{\n", b'{"id": 1}\n']
    assert [*NewIds(new_id()).replaced("deployments", lines)] == lines
