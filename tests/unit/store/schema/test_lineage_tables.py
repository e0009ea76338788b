"""0037: the sources of tasks, also of those from before."""

import json
from importlib import import_module

import msgspec
import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from nbyard.domain.runs.structs import Binding, BytesOf, TaskPlan, ValueOf
from nbyard.store.schema.lineage_tables import task_sources
from nbyard.store.schema.tables import tasks

from ..lineage.records import Records

MIGRATION = "nbyard.store.migrations.versions.0037_sources_of_tasks"


def test_earlier_tasks_get_their_sources(store, monkeypatch):
    with store.write() as c:
        rows = Records(store, c)
        version = rows.ready("my v2 data")
        rows.ready("my v2 data", "eve")
        made = rows.artifact(rows.work(rows.run("clean"), "a", {}), digest="r")
        bindings: dict[str, Binding] = {
            "data": BytesOf("d", "a.csv", "my v2 data v1"),
            "other_bytes": BytesOf("e", "a.csv", "my v2 data v1"),
            "result": BytesOf("r", "a.csv", "clean.out"),
            "file": BytesOf("f", "a.csv", "data/clean.csv"),
            "of_run": BytesOf("r", "a.csv", "a of run 1"),
            "value": ValueOf(3),
        }
        task = rows.work(rows.run(), "use", bindings)
        many = [rows.work(rows.run(), "one", {"x": bindings["data"]}) for _ in range(3)]
        monkeypatch.setattr(f"{MIGRATION}.MANY", 2)
        import_module(MIGRATION).find_sources(c)
    with store.read() as c:
        found = {(row.task_id, row.name): row.source for row in c.execute(select(task_sources))}
        data = f"dataset:{version}"
        assert found == {
            (task.id, "data"): data,
            (task.id, "result"): f"artifact:{made.id}",
            **{(one.id, "x"): data for one in many},
        }
        plan = store.tasks.get(c, task.id).plan
        assert plan.bindings["data"] == BytesOf("d", "a.csv", "my v2 data v1", source=data)
        assert plan.bindings["file"] == bindings["file"]


def test_plans_of_before_are_read(store):
    """The field is new: a plan without it has files."""
    with store.write() as c:
        rows = Records(store, c)
        task = rows.work(rows.run(), "a", {"x": BytesOf("d", "a.csv")})
        plan = json.loads(json.dumps(msgspec.to_builtins(task.plan)))
        del plan["bindings"]["x"]["source"]
        assert msgspec.convert(plan, TaskPlan) == task.plan


def test_sources_go_with_their_task(store):
    with store.write() as c:
        rows = Records(store, c)
        source = BytesOf("d", "a", source="dataset:v")
        task = rows.work(rows.run(), "a", {"x": source, "y": source})
        with pytest.raises(IntegrityError), c.begin_nested():
            c.execute(insert(task_sources), [{"task_id": task.id, "name": "x", "source": "z"}])
        c.execute(delete(tasks))
        assert c.execute(select(task_sources)).all() == []
