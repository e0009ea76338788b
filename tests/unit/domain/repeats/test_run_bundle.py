"""The files of a bundle."""

import json
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.maps.structs import ALL, Element, Grid, MapPlan
from nbyard.domain.repeats.run_bundle import RecordedNode, StoredOutput, write_bundle
from nbyard.domain.runs.structs import ResultOf, SecretOf

from .bundles import CODE, recorded

RUN = cast(Any, SimpleNamespace(id="r", number=12, name="", title="Wine", scheduled_at="2026"))
OUT = Argument("out", role="output", format="csv")


def bundle(*nodes: RecordedNode) -> dict[str, str]:
    return {one.place: one.text or one.digest for one in write_bundle(RUN, nodes)}


def test_nodes_run_in_their_order_and_outputs_can_be_checked():
    first = recorded("a", "a.ipynb", [OUT], {}, outputs={"out": "out.csv"})
    table = Argument("table", role="input")
    second = recorded("b", "b.ipynb", [table], {"table": ResultOf("a", "out")})
    found = bundle(first, second)
    script = found["repeat.sh"]
    assert script.startswith("#!/bin/sh\n") and "set -eu" in script
    assert script.index("nodes/a/code/a.ipynb") < script.index("nodes/b/code/b.ipynb")
    assert found["outputs.sha256"] == "out  nodes/a/outputs/out/out.csv\n"
    assert found["README.md"].startswith("# Run 12: Wine\n")
    assert "secrets" not in found["README.md"]


def test_a_node_that_needs_nbyard_is_replaced_by_its_results():
    kept = recorded("a", "a.ipynb", [OUT], {}, outputs={"out": "o.csv"}, plan={"image": "x:1"})
    found = bundle(kept)
    assert found["nodes/a/outputs/out/o.csv"] == "sha256:out"
    assert "papermill nodes" not in found["repeat.sh"] and found["outputs.sha256"] == ""
    assert "These nodes need nbyard" in found["README.md"]
    assert "No node of this" in found["README.md"]


def test_packages_secrets_and_folders():
    token = Argument("token", type="secret")
    node = recorded("a", "a.ipynb", [token, OUT], {"token": SecretOf("i", "api", 1)})
    stored = {"out": StoredOutput("out", "tree:x")}
    found = bundle(RecordedNode(node.plan, node.version, stored, {"b": "2", "a": "1"}))
    assert found["nodes/a/packages.txt"] == "a==1\nb==2\n"
    assert "`secrets/api`" in found["README.md"]
    assert found["outputs.sha256"] == ""  # a folder has no single digest


def test_nodes_after_a_failed_one_are_left_out():
    table = Argument("table", role="input")
    failed = recorded("a", "a.ipynb", [OUT], {})
    after = recorded("b", "b.ipynb", [table, OUT], {"table": ResultOf("a", "out")})
    last = recorded("c", "c.ipynb", [table], {"table": ResultOf("b", "out")}, plan={"image": "x"})
    found = bundle(failed, after, last)
    assert "nodes/a/code/a.ipynb" in found["repeat.sh"]
    assert not {place for place in found if place.startswith(("nodes/b", "nodes/c"))}
    assert "nodes/b" not in found["repeat.sh"]
    assert "them: `b`, `c`." in found["README.md"]


def element(key: str, position: int, **more: Any) -> RecordedNode:
    of_map = {"element": Element("a", key, f"n={position}", position), **more}
    outputs = {"out": "out.csv"}
    return recorded(f"a.{key}", "a.ipynb", [OUT], {}, outputs=outputs, plan=of_map)


def whole(**more: Any) -> RecordedNode:
    own = recorded("a", "a.ipynb", [OUT], {}, plan={"map": MapPlan(Grid({"n": [1]})), **more})
    stored = {ALL: StoredOutput("elements.jsonl", "sha256:t"), "out": StoredOutput("out", "tree:x")}
    return msgspec.structs.replace(own, outputs=stored)


def test_elements_have_scripts_which_the_script_of_the_run_calls_in_their_order():
    failed = msgspec.structs.replace(element("k2", 1), outputs={}, succeeded=False)
    first = msgspec.structs.replace(element("k1", 0), packages={"b": "2"})
    found = bundle(whole(), first, failed, element("k1-2", 2))
    assert found["nodes/a/elements.txt"].split() == ["k1", "k1-2"]
    assert 'sh nodes/a."$element"/repeat.sh' in found["repeat.sh"]
    assert "papermill nodes" not in found["repeat.sh"]
    own = found["nodes/a.k1-2/repeat.sh"]
    assert own.endswith(
        "cp -r nodes/a.k1-2/outputs/out/out.csv nodes/a/outputs/out/out/00003-out.csv\n"
    )
    assert "nodes/a.k2/repeat.sh" in found
    assert [place for place, text in found.items() if text == CODE] == ["nodes/a/code"]
    assert found["nodes/a/packages.txt"] == "b==2\n"
    assert found["nodes/a/outputs/@all/elements.jsonl"] == "sha256:t"
    assert "element: `a`." in found["README.md"]


def test_the_results_of_a_map_that_needs_nbyard_are_part_of_the_bundle():
    found = bundle(whole(image="x:1"), element("k1", 0, image="x:1"))
    assert found["nodes/a/outputs/out/out"] == "tree:x"
    assert found["nodes/a.k1/outputs/out/out.csv"] == "sha256:out"
    assert "bundle: `a`." in found["README.md"]
    assert "nodes/a/elements.txt" not in found


def test_a_map_without_collected_results_has_a_script():
    found = bundle(msgspec.structs.replace(whole(), outputs={}))
    assert found["nodes/a/elements.txt"] == "" and "collect.py" not in found
    assert "mkdir -p nodes/a\n" in found["repeat.sh"]


def test_metrics_of_json_outputs_are_computed_again(tmp_path):
    """Logged metrics, and those without a number now, stay."""
    table = tmp_path / "outputs/@all/elements.jsonl"
    row = {"metrics": {"a": 1.0, "logged": 2.0, "text": 3.0}, "outputs": {"out": "00001-out.json"}}
    gone = {"metrics": {}, "outputs": {"out": "00002-out.json"}}
    for place, text in (
        (table, "".join(json.dumps(each) + "\n" for each in (row, gone))),
        (tmp_path / "outputs/out/out/00001-out.json", '{"a": 5, "b": 6, "text": "x"}'),
        (tmp_path / "collect.py", bundle(whole())["collect.py"]),
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    command = [sys.executable, "collect.py", "outputs/@all/elements.jsonl"]
    subprocess.run(command, cwd=tmp_path, check=True)
    first, second = (json.loads(line) for line in table.read_text().splitlines())
    assert first == {**row, "metrics": {"a": 5.0, "logged": 2.0, "text": 3.0}} and second == gone
