"""The table of the sources of tasks."""

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from nbyard.domain.runs.structs import BytesOf
from nbyard.store.schema.tables import task_sources, tasks

from ..lineage.records import Records


def test_sources_go_with_their_task(store):
    with store.write() as c:
        rows = Records(store, c)
        source = BytesOf("d", "a", source="dataset:v")
        task = rows.work(rows.run(), "a", {"x": source, "y": source})
        with pytest.raises(IntegrityError), c.begin_nested():
            c.execute(insert(task_sources), [{"task_id": task.id, "name": "x", "source": "z"}])
        c.execute(delete(tasks))
        assert c.execute(select(task_sources)).all() == []
