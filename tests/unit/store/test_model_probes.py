"""Rows of model probes: asked for, begun once, answered once."""

from datetime import UTC, datetime

import msgspec
from sqlalchemy import update

from nbyard.domain.models.model_probes import KnownTable, ModelProbe, ProbeAnswer
from nbyard.domain.models.structs import ModelColumn
from nbyard.reasons.structs import text_reason
from nbyard.store import Store
from nbyard.store.schema.deployment_tables import trials

TABLE = KnownTable("t.csv", [ModelColumn("x", "float", True)], ["x", "y"], [[1.5, None]])
PROBE = ModelProbe(
    "1", "docker", "sha256:i", "cows", "sha256:m", "model.joblib", {"a.py": "d"}, [TABLE]
)


def test_a_probe_starts_and_ends_once(store: Store) -> None:
    with store.write() as c:
        store.model_probes.insert(c, PROBE)
        assert store.has_work(c)
        assert (store.model_probes.open(c), store.model_probes.begun(c)) == ([PROBE], set())
        assert store.model_probes.begin(c, "1") and not store.model_probes.begin(c, "1")
        assert store.model_probes.begun(c) == {"1"} and store.model_probes.answer(c, "1") is None
    first = ProbeAnswer(text='{"a": "\\u0000"}')
    with store.write() as c:
        store.model_probes.conclude(c, "1", first)
        store.model_probes.conclude(c, "1", ProbeAnswer(problem=text_reason("later")))
    with store.read() as c:
        assert store.model_probes.answer(c, "1") == first
        assert (store.model_probes.open(c), store.model_probes.begun(c)) == ([], set())
        assert not store.has_work(c)
    with store.write() as c:
        store.model_probes.delete(c, "1")
        assert store.model_probes.answer(c, "1") is None


def test_abandoned_probes_are_deleted_with_the_next(store: Store) -> None:
    with store.write() as c:
        store.model_probes.insert(c, PROBE)
        c.execute(update(trials).values(created_at=datetime(2020, 1, 1, tzinfo=UTC)))
        store.model_probes.insert(c, msgspec.structs.replace(PROBE, id="2"))
        assert [one.id for one in store.model_probes.open(c)] == ["2"]
