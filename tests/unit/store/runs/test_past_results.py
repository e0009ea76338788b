"""How long executables worked, as rows tell it."""

from datetime import timedelta
from typing import Any

from nbyard.domain.runs.previews.estimates import PastSuccess
from nbyard.store import Store
from nbyard.store.runs.past_results import LOOKED_AT

from ..rows import Rows, moment


def test_computed_successes_come_newest_first(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        for seconds in (3, 5):
            times: dict[str, Any] = {
                "started_at": moment(1),
                "finished_at": moment(1) + timedelta(seconds=seconds),
            }
            rows.task(rows.run(), executable="e1", state="succeeded", **times)
        rows.task(rows.run(), executable="e2", state="succeeded", **times)
        rows.task(rows.run(), executable="e1", state="succeeded", cached=True, **times)
        rows.task(rows.run(), executable="e1", state="failed", **times)
        rows.task(rows.run(), executable="e1", state="succeeded", finished_at=moment(2))
        rows.task(rows.run(owner="bob"), executable="e1", state="succeeded", **times)
    with store.read() as c:
        found = store.history.of_executables(c, "ada", {"e1", "e3"})
        version = found["e1"][0].version_id
        assert found == {"e1": [PastSuccess(version, 5.0), PastSuccess(version, 3.0)]}
        assert version
        assert store.history.of_executables(c, "ada", set()) == {}


def test_only_the_last_ones_are_read(store: Store) -> None:
    times: dict[str, Any] = {"started_at": moment(1), "finished_at": moment(2)}
    with store.write() as c:
        rows = Rows(store, c)
        for _ in range(LOOKED_AT + 3):
            rows.task(rows.run(), executable="e1", state="succeeded", **times)
        found = store.history.of_executables(c, "ada", {"e1"})
    assert len(found["e1"]) == LOOKED_AT
