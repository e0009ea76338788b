"""The workflow document on the server, as collaboration sees it."""

import json
from pathlib import Path
from typing import Any

import jupyter_ydoc  # noqa: F401  it loads our entry point, so it has to come before nbyard.ydoc
import pytest
from pycrdt import Doc, Map

from nbyard.domain.parsing.canonical_json import canonical
from nbyard.ydoc import YFlow, read_flow

CASES = json.loads((Path(__file__).parents[1] / "cases" / "flow.json").read_text("utf-8"))


def flow(**blocks: Any) -> str:
    empty: dict[str, Any] = {"version": 1, "meta": {}, "nodes": {}, "edges": {}, "positions": {}}
    return canonical({**empty, **blocks})


def two_nodes() -> str:
    return flow(
        meta={"id": "w"},
        nodes={
            "a": {"type": "dataset", "path": "a.csv"},
            "b": {"type": "executable", "path": "b.ipynb", "arguments": {"n": {"value": 1}}},
        },
        edges={"a.data->b.raw": {"source": "a", "output": "data", "target": "b", "input": "raw"}},
        positions={"a": [0, 0], "b": [200, 0]},
    )


def loaded(text: str) -> YFlow:
    document = YFlow()
    document.set(text)
    return document


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_shared_cases(case: dict[str, Any]) -> None:
    assert (read_flow(case["text"]) is not None) is case["workflow"]


def test_a_canonical_file_comes_back_unchanged() -> None:
    assert loaded(two_nodes()).get() == two_nodes()


def test_an_empty_file_is_an_empty_workflow() -> None:
    assert loaded("").get() == flow()


def test_comments_are_kept_with_their_places() -> None:
    """A file without comments has no block for them."""
    text = flow(comments={"#1": {"text": "# Data", "size": [300, 80]}}, positions={"#1": [1, 2]})
    document = loaded(text)
    assert document.get() == text
    assert isinstance(document.blocks["comments"]["#1"], Map)
    document.set(flow(positions={"#1": [1, 2]}))
    assert document.get() == flow()


def test_groups_are_kept_with_their_places() -> None:
    """A file without groups has no block for them."""
    text = flow(groups={"@1": {"folded": True, "nodes": ["a"]}}, positions={"@1": [1, 2]})
    document = loaded(text)
    assert document.get() == text
    assert isinstance(document.blocks["groups"]["@1"], Map)
    document.set(flow(positions={"@1": [1, 2]}))
    assert document.get() == flow()


def test_nodes_and_their_arguments_are_separate_maps() -> None:
    document = loaded(two_nodes())
    node = document.blocks["nodes"]["b"]
    assert isinstance(node, Map)
    assert isinstance(node["arguments"], Map)
    assert node["arguments"]["n"] == {"value": 1}


def test_invalid_text_is_kept_until_the_file_is_repaired() -> None:
    document = loaded(two_nodes())
    broken = "<<<<<<< HEAD\n" + two_nodes()
    document.set(broken)
    assert document.get() == broken
    document.set(two_nodes())
    assert document.broken is None
    assert document.get() == two_nodes()


def test_loading_is_deterministic() -> None:
    # the server loads with a fixed client id: another order would fork the history
    updates = []
    for _ in range(2):
        document = YFlow(Doc(client_id=0))
        document.set(two_nodes())
        updates.append(document.ydoc.get_update())
    assert updates[0] == updates[1]


def test_setting_the_same_text_changes_nothing() -> None:
    document = loaded(two_nodes())
    before = document.ydoc.get_state()
    document.set(two_nodes().replace("200", "200.0"))
    assert document.ydoc.get_state() == before


def test_observers_get_content_but_no_state() -> None:
    document = loaded(two_nodes())
    heard: list[str] = []
    document.observe(lambda name, _: heard.append(name))
    document.dirty = True
    assert heard == []
    document.set(two_nodes().replace("200", "300"))
    assert heard == ["positions"]
    document.unobserve()
    document.set(two_nodes())
    assert heard == ["positions"]


def test_an_edge_of_a_deleted_node_is_not_written() -> None:
    document = loaded(two_nodes())
    del document.blocks["nodes"]["a"]
    written = json.loads(document.get())
    assert written["edges"] == {}
    assert list(written["positions"]) == ["b"]


def test_changes_to_different_nodes_both_survive() -> None:
    """The last writer of one field does not undo another field."""
    mine, theirs = loaded(two_nodes()), YFlow()
    theirs.ydoc.apply_update(mine.ydoc.get_update())
    mine.blocks["nodes"]["a"]["label"] = "mine"
    theirs.blocks["nodes"]["b"]["label"] = "theirs"
    theirs.ydoc.apply_update(mine.ydoc.get_update())
    mine.ydoc.apply_update(theirs.ydoc.get_update())
    assert mine.get() == theirs.get()
    nodes = json.loads(mine.get())["nodes"]
    assert (nodes["a"]["label"], nodes["b"]["label"]) == ("mine", "theirs")


def test_huge_numbers_become_floats() -> None:
    document = loaded(two_nodes().replace('"value": 1', f'"value": {2**60}'))
    value = document.blocks["nodes"]["b"]["arguments"]["n"]["value"]
    assert isinstance(value, float)
    endless = two_nodes().replace('"value": 1', '"value": [1e999, 1' + "0" * 400 + "]")
    assert '"value": [null, null]' in loaded(endless).get()


def test_the_document_is_found_by_collaboration() -> None:
    document = YFlow()
    assert document.version == "1.0.0"
    assert document.source == flow()


def test_too_deep_json_is_no_workflow() -> None:
    assert read_flow('{"version": 1, "meta": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}") is None
