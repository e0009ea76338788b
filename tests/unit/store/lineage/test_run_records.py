"""The record of a run on both databases."""

from nbyard.domain.maps.structs import Element
from nbyard.domain.runs.structs import BytesOf, ResultOf
from nbyard.store.lineage.rows import read_run_record

from .records import Records


def test_all_records_of_a_run_are_read(store):
    with store.write() as c:
        rows = Records(store, c)
        used = rows.environment("science")
        code = rows.executable("a.py").current
        edge = {"source": "a", "output": "out", "target": "b", "input": "x"}
        run = rows.run(title="flow", workflow_id="w", edges=[edge])
        data = BytesOf("d", "a.csv", "irises v1", source="dataset:v")
        first = rows.work(run, "a", {"data": data}, version=code.id, environment=used)
        made = rows.artifact(first)
        rows.work(run, "b", {"x": ResultOf("a", "out")}, version="deleted")
    with store.read() as c:
        found = read_run_record(c, run)
    a, b = found.tasks
    assert found.run.id == run.id and found.is_workflow
    assert a.artifacts == [made] and list(found.results_used(b)) == [("x", made)]
    assert found.results() == [] and list(found.data_used().values()) == [data]
    assert found.code == {code.id: code}
    assert [one.number for one in found.environments.values()] == [1]


def test_elements_of_maps_use_results_of_elements(store):
    """The connections of the run lead to the whole map only."""
    with store.write() as c:
        rows = Records(store, c)
        edge = {"source": "a", "output": "out", "target": "b", "input": "x"}
        run = rows.run(title="flow", workflow_id="w", edges=[edge])
        made = rows.artifact(rows.work(run, "a.k", {}, element=Element("a", "k", "n=1", 0)))
        used = {"x": ResultOf("a.k", "out")}
        rows.work(run, "b.k", used, element=Element("b", "k", "n=1", 0))
    with store.read() as c:
        found = read_run_record(c, run)
    assert list(found.results_used(found.tasks[1])) == [("x", made)]
