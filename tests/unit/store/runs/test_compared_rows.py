"""Rows for comparisons: tasks with all that was recorded, and versions of datasets by bytes."""

import pytest
from sqlalchemy import update

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.digest import KeyParts
from nbyard.store import Store
from nbyard.store.runs.compared_rows import VersionOfBytes
from nbyard.store.schema.tables import dataset_versions

from ..rows import Rows, moment

PARTS = {"code": "c", "values": {}, "inputs": {}, "files": {}, "environment": "e"}


def test_tasks_in_the_order_of_the_graph(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        run = rows.run()
        known = {"parts": PARTS | {"declaration": "d"}, "observed": {"read": ["m.py"]}}
        times = {"started_at": moment(1), "finished_at": moment(3)}
        rows.task(run, "z", **known, **times)
        rows.task(run, "a")
        rows.task(rows.run(), "other")
    with store.read() as c:
        first, second = store.compared.tasks(c, run.id)
    assert (first.node, first.seconds, first.observed) == ("z", 2.0, Observed(read=["m.py"]))
    assert first.parts == KeyParts(**PARTS, declaration="d")  # type: ignore[arg-type]
    assert (second.node, second.seconds, second.observed, second.parts) == ("a", None, None, None)


@pytest.mark.parametrize("owner", ["ada", "bob"])
def test_versions_of_datasets_by_their_bytes(store: Store, owner: str) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        made = rows.dataset("sea", owner)
        rows.dataset_version(made.id, owner)
        c.execute(update(dataset_versions).values(digest="sha256:1"))
    with store.read() as c:
        found = store.compared.versions_of(c, "ada", ["sha256:1", "sha256:2"])
    both = [VersionOfBytes(made.id, "sea", 2), VersionOfBytes(made.id, "sea", 1)]
    assert found == ({"sha256:1": both} if owner == "ada" else {})
