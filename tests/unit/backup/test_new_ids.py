"""IDs of processes and containers are replaced in the rows of a second store."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nbyard.backup.restoring import NewIds
from nbyard.domain.ids import is_id, new_id
from nbyard.domain.state_machines import ATTEMPT


def replaced(ids: NewIds, table: str, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    lines = [json.dumps(row).encode() + b"\n" for row in rows]
    return [json.loads(line) for line in ids.replace_ids(table, lines)]


@given(st.lists(st.sampled_from(sorted(ATTEMPT.moves)), max_size=9))
def test_live_attempts_and_their_workers_are_replaced(states: list[str]) -> None:
    """Finished ones keep the worker in whose folder their records are."""
    ids, worker = NewIds(new_id()), new_id()
    rows = [{"id": new_id(), "state": state, "worker": worker} for state in states]
    found = replaced(ids, "attempts", *rows)
    for row, new in zip(rows, found, strict=True):
        is_live = row["state"] in ATTEMPT.live
        assert (new["id"] != row["id"]) is (new["worker"] != worker) is is_live
    assert len({row["worker"] for row in found if row["state"] in ATTEMPT.live}) <= 1
    later = replaced(ids, "later", {"of": f"attempts {[row['id'] for row in rows]}"})
    assert later == [{"of": f"attempts {[row['id'] for row in found]}"}]


def test_only_live_probes_are_replaced() -> None:
    live, answered = new_id(), new_id()
    rows = {"id": live, "answer": None}, {"id": answered, "answer": "{}"}
    first, second = replaced(NewIds(new_id()), "trials", *rows)
    assert first["id"] != live and second["id"] == answered


def test_the_store_and_deployments_are_replaced_in_later_tables_too() -> None:
    store, deployment, other = new_id(), new_id(), new_id()
    ids = NewIds(store)
    (fact,) = replaced(ids, "facts", {"name": "store_id", "value": store})
    made, _ = replaced(ids, "deployments", {"id": deployment}, {"id": "no ID"})
    (link,) = replaced(ids, "links", {"to": [deployment, other], "of": "no ID"})
    assert is_id(fact["value"]) and fact["value"] != store
    assert is_id(made["id"]) and made["id"] != deployment
    assert link == {"to": [made["id"], other], "of": "no ID"}


def test_lines_that_are_no_rows_are_kept() -> None:
    lines = [b"[]\n", b"{\n", b'{"id": 1}\n']
    assert [*NewIds(new_id()).replace_ids("deployments", lines)] == lines
