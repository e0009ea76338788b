"""The content of run templates."""

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.runs.planning import ResolvedNode, RunOverrides
from nbyard.domain.runs.structs import Binding, BytesOf, ResultOf, TaskPlan
from nbyard.domain.runs.templates import TemplateContent
from nbyard.domain.workflows.edges import data_port
from nbyard.domain.workflows.structs import Document, Edge, Node

PORTS = [Argument("in", role="input", format="csv"), Argument("out", role="output", format="csv")]
NODES = {"data": Node("dataset"), "a": Node("executable", mode="bypassed"), "b": Node("executable")}
EDGES = {"one": Edge("data", "data", "a", "in"), "two": Edge("a", "out", "b", "in")}
DATA = BytesOf("sha256:data", "a.csv")


def test_connections_pass_bypassed_nodes() -> None:
    frozen = {name: ResolvedNode(name, PORTS) for name in "ab"}
    frozen |= {"data": ResolvedNode("a.csv", [data_port("csv")], DATA)}
    content = TemplateContent(
        Document(1, nodes=NODES, edges=EDGES), frozen, ["b"], RunOverrides("process")
    )
    assert content.edges() == [Edge("data", "data", "b", "in")]
    assert msgspec.to_builtins(content)["wish"] == {"runtime": "process"}  # as stored earlier


def test_a_template_names_all_bytes_of_its_nodes() -> None:
    bindings: dict[str, Binding] = {
        "in": BytesOf("sha256:had", "b.csv"),
        "other": ResultOf("a", "out"),
    }
    pinned = TaskPlan("b", "b", "", "", [], bindings, "docker", requirements_digest="sha256:lock")
    frozen = {
        "data": ResolvedNode("a.csv", data=DATA),
        "a": ResolvedNode("a", requirements_digest="sha256:text", lock_digest="sha256:own"),
        "b": ResolvedNode("b", pinned=pinned),
    }
    content = TemplateContent(Document(1), frozen, [], RunOverrides("process"))
    names = ("data", "text", "own", "lock", "had")
    assert {*content.digests()} - {""} == {f"sha256:{name}" for name in names}
