"""A dataset in use is deleted only on request."""

import msgspec
import pytest

from nbyard.domain.runs.structs import bytes_of
from nbyard.errors import InUse, NotFound
from nbyard.store.schema.tables import tasks

from ...store.rows import Rows


def test_a_dataset_of_an_unfinished_run_is_kept_unless_forced(yard, ann):
    datasets = yard.services.datasets
    with yard.context.store.write() as c:
        rows = Rows(yard.context.store, c)
        made = rows.dataset("sales", ann.name)
        task = rows.task(run := rows.run("nightly", ann.name))
        binding = bytes_of(f"sha256:{'1' * 64}", "a.csv", source=f"dataset:{made.current.id}")
        plan = msgspec.structs.replace(task.plan, bindings={"data": binding})
        content = msgspec.to_builtins(plan)
        c.execute(tasks.update().where(tasks.c.id == task.id).values(plan=content))
    with pytest.raises(InUse) as refused:
        datasets.delete(ann, made.id)
    assert f"by run {run.number}." in refused.value.message
    assert datasets.get(ann, made.id) == made
    datasets.delete(ann, made.id, force=True)
    with pytest.raises(NotFound):
        datasets.get(ann, made.id)
