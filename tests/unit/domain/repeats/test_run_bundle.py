"""The files of a bundle."""

from types import SimpleNamespace
from typing import Any, cast

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.repeats.run_bundle import write_bundle
from nbyard.domain.repeats.structs import RecordedNode, StoredOutput
from nbyard.domain.runs.structs import ResultOf, SecretOf

from .bundles import recorded

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
