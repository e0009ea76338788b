"""Results that were made with nodes of a lineage."""

import pytest

from nbyard.domain.lineage.structs import Ref
from nbyard.domain.runs.structs import BytesOf, ResultOf
from nbyard.store.lineage.connections import tasks_of_other_runs

from .records import Records, names, walk


def test_many_users_are_counted_and_the_newest_shown(store, chain):
    with store.write() as c:
        rows = Records(store, c)
        source = BytesOf("d", "a", "irises v1", source=f"dataset:{chain['version']}")
        for number in range(30):
            rows.work(rows.run(title=f"run {number}"), "use", {"a": source, "b": source})
    start = [Ref("dataset", chain["version"])]
    with store.read() as c:
        found = walk(store, c, "ada", start, most=10)
        assert len(found.nodes) == 10
        (first,) = [node for node in found.nodes if node.is_start]
        assert first.more_after == 31 - 9
        shown = {node.run.title for node in found.nodes if node.run}
        assert shown == {f"run {number}" for number in range(21, 30)}
        assert walk(store, c, "ada", start).left_out == 0


def test_users_in_scratch_runs_do_not_count(store, chain):
    with store.write() as c:
        rows = Records(store, c)
        source = BytesOf("d", "a", "irises v1", source=f"dataset:{chain['version']}")
        for origin in ("manual", "check", "bisect", "automation"):
            rows.work(rows.run(origin=origin), "use", {"a": source, "b": source})
    with store.read() as c:
        ref = Ref("dataset", chain["version"])
        links, totals = tasks_of_other_runs(c, "dataset", [ref.key], 2)
        assert totals == {ref: 3} and [link.source for link in links] == [ref, ref]
        assert tasks_of_other_runs(c, "dataset", [ref.key], 9)[1] == {}


def test_the_newest_user_of_each_source_comes_first(store):
    """Even with more sources than one statement reads."""
    with store.write() as c:
        rows = Records(store, c)
        versions = [rows.ready(f"data {n}") for n in range(60)]
        for version in versions[:2] * 2 + versions:
            source = BytesOf("d", "a", "x v1", source=f"dataset:{version}")
            rows.work(rows.run(), "use", {"a": source})
    with store.read() as c:
        links, totals = tasks_of_other_runs(c, "dataset", versions, 3)
    assert len(links) == 64
    assert {link.source.key for link in links[:60]} == {*versions}
    assert totals == {Ref("dataset", version): 3 for version in versions[:2]}


@pytest.mark.parametrize("node", ['a "b"', "50%_x", "ü", "a\\b"])
def test_odd_names_of_nodes_are_found_in_the_same_run(store, node):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        made = rows.artifact(rows.work(run, node, {}))
        rows.work(run, "use", {"x": ResultOf(node, "out")})
        rows.work(run, "other", {"x": ResultOf(node, "another")})
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("artifact", made.id)])
    assert {"task use", f"task {node}"} <= set(names(found)) and "task other" not in names(found)


def test_results_of_many_nodes_of_a_run_at_once(store):
    with store.write() as c:
        rows = Records(store, c)
        run = rows.run()
        made = [rows.artifact(rows.work(run, f"n{n}", {})) for n in range(120)]
        rows.work(run, "all", {f"x{n}": ResultOf(f"n{n}", "out") for n in range(120)})
    with store.read() as c:
        found = walk(store, c, "ada", [Ref("artifact", one.id) for one in made], 1000)
    assert len([one for one in found.edges if one.name.startswith("x")]) == 120
