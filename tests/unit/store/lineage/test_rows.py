"""The lineage of rows on both databases."""

from collections.abc import Collection

import pytest
from sqlalchemy import event

from nbyard.domain.lineage.structs import Ref
from nbyard.domain.runs.structs import BytesOf
from nbyard.store import Store

from .records import Records, names, walk

ALL = [
    "artifact model",
    "artifact named.scores",
    "artifact table",
    "code train.ipynb",
    "dataset irises",
    "deployment irises",
    "environment science",
    "image nbyard/model-irises:1",
    "model irises",
    "task clean",
    "task fit",
    "task score",
]


def test_lineage_leads_from_a_result_to_data_and_deployments(store, chain):
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("artifact", chain["fitted"])])
    assert names(found) == ALL
    nodes = {node.id: node for node in found.nodes}
    fit = nodes[f"task:{chain['fit']}"]
    assert fit.run is not None and fit.run.git is not None
    assert (fit.run.id, fit.run.git.branch, fit.state) == (chain["run"], "main", "succeeded")
    edges = {(one.source, one.target, one.name) for one in found.edges}
    data, clean = f"dataset:{chain['version']}", f"task:{chain['clean']}"
    assert {(data, clean, "data"), (data, clean, "more")} <= edges
    assert (f"model:{chain['model']}", f"image:{chain['image']}", "") in edges
    assert all(nodes[one.source].column < nodes[one.target].column for one in found.edges)
    assert found.left_out == 0


@pytest.mark.parametrize("kind", ["version", "model", "image", "served"])
def test_each_end_is_reached_from_the_other(store, chain, kind):
    """From a deployment back to the data, and from the data to the deployment."""
    kinds = {"version": "dataset", "served": "deployment"}
    with store.read() as c:
        found = names(walk(store, c, "ada", [Ref(kinds.get(kind, kind), chain[kind])]))
    assert {"dataset irises", "artifact model", "deployment irises"} <= set(found)
    assert ("task score" in found) == (kind == "version"), "only what is before or after it"


def test_the_cost_of_a_level_does_not_depend_on_its_width(store, chain):
    """No query for each node."""
    asked = []
    event.listen(store.database.reader, "before_cursor_execute", lambda *a: asked.append(a[2]))
    start = [Ref("dataset", chain["version"])]
    with store.read() as c:
        walk(store, c, "ada", start)
        few = len(asked)
    with store.write() as c:
        rows = Records(store, c)
        source = BytesOf("d", "a", "irises v1", source=f"dataset:{chain['version']}")
        for _ in range(20):
            rows.artifact(rows.work(rows.run(), "use", {"a": source}))
    asked.clear()
    with store.read() as c:
        assert len(walk(store, c, "ada", start).nodes) > 40
    assert len(asked) == few


def test_an_unknown_record_has_no_connections(store: Store) -> None:
    empty: Collection[Ref] = []
    with store.read() as c:
        assert store.lineage.links(c, "ada", empty, "back", 9).links == []
        assert store.lineage.links(c, "ada", empty, "forward", 9).links == []
