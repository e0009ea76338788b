"""R15: what was made with nodes of a lineage."""

import pytest

from nbyard.domain.lineage.structs import Ref
from nbyard.domain.runs.structs import BytesOf, ResultOf

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
