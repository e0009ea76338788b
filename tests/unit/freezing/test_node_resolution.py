"""Resolving the nodes of a document."""

import pytest

from nbyard.domain.executables.structs import NewExecutable, Resources
from nbyard.domain.workflows.structs import Node
from nbyard.freezing.executable_versions import Freezer
from nbyard.freezing.node_resolution import Freeze, Resolver


@pytest.fixture
def resolver(yard):
    return Resolver(yard.context, "ann", ".")


def test_nodes_are_resolved_for_the_canvas(resolver, tool, root):
    (root / "d.csv").write_text("a\n")
    (root / "folder").mkdir()
    seen = resolver.view(Node("executable", path=tool))
    assert [a.name for a in seen.arguments] == ["source", "result", "times"]
    data = resolver.view(Node("dataset", path="d.csv"))
    assert (data.kind, data.arguments[0].format) == ("dataset", "csv")
    assert resolver.view(Node("dataset", path="folder")).arguments[0].format == "folder"


def test_an_artifact_means_its_newest_file(resolver, tool, root, finished):
    """The artifact is data with a name."""
    (root / "d.csv").write_text("a\n")
    finished(path=tool, name="made", parameters={"source": "d.csv"})
    node = Node("dataset", artifact="made")
    seen = resolver.view(node)
    assert (seen.name, seen.kind, seen.arguments[0].format) == ("made", "dataset", "csv")
    data = Freeze(resolver, {"d": node}).nodes["d"].resolved.data
    assert data is not None and (data.origin, data.filename) == ("made", "result.csv")
    assert "no artifact 'none'" in str(resolver.view(Node("dataset", artifact="none")).problem)


@pytest.mark.parametrize(
    "node",
    [
        Node("dataset", path="none.csv"),
        Node("dataset", dataset="none"),
        Node("executable", path="none.py"),
        Node("executable", path="../../etc/passwd"),
        Node("executable", executable="none"),
        Node("executable", path="tool.py", version="none"),
        Node("executable"),
        Node("dataset"),
    ],
)
def test_an_empty_node_has_a_problem(resolver, tool, node):
    assert resolver.view(node).problem
    freeze = Freeze(resolver, {"n": node})
    assert freeze.nodes["n"].resolved.problem


def test_freezing_keeps_bytes_and_versions(resolver, yard, tool, root):
    (root / "d.csv").write_text("a\n")
    nodes = {"d": Node("dataset", path="d.csv"), "t": Node("executable", path=tool)}
    freeze = Freeze(resolver, nodes)
    with yard.store.write() as c:
        found = freeze.rows(c)
    assert found["d"].data is not None
    assert yard.context.blobs.path(found["d"].data.digest).read_text() == "a\n"
    pinned = Node("executable", path=tool, version=found["t"].version_id)
    (root / tool).write_text("print('other')\n")
    assert [a.name for a in resolver.view(pinned).arguments] == ["source", "result", "times"]


def test_a_pinned_node_keeps_the_requirements_of_its_version(yard, ann, resolver, tool, root):
    """They are those of the version's bundle, whatever lies beside the file now."""
    needs = root / "requirements.txt"
    needs.write_text("six==1.16.0\n")
    told = Resources(requirements="requirements.txt")
    made = yard.services.executables.create(ann, NewExecutable(path=tool, resources=told))
    needs.write_text("six\n")
    node = Node("executable", path=tool, version=made.current.id)
    digest = Freeze(resolver, {"n": node}).nodes["n"].resolved.requirements_digest
    with yard.context.blobs.open(digest) as stored:
        assert stored.read() == b"six==1.16.0\n"
    needs.unlink()
    lost = yard.services.executables.create(ann, NewExecutable(path=tool, resources=told)).current
    frozen = Freeze(resolver, {"n": Node("executable", path=tool, version=lost.id)})
    assert "in the bundle" in str(frozen.nodes["n"].resolved.problem)


def test_a_syntax_error_names_its_line(yard, resolver, root):
    (root / "broken.py").write_text("import argparse\nparser = (\n")
    nodes = {"n": Node("executable", path="broken.py")}
    freeze = Freeze(resolver, nodes)
    with yard.store.write() as c:
        found = freeze.rows(c)["n"]
    assert found.problem is None, "it may be meant for another version of Python"
    assert str(found.unread).startswith("broken.py, line 2: ")
    (root / "broken.py").write_text("print(1)\n")
    freeze = Freeze(Resolver(yard.context, "ann", "."), nodes)
    with yard.store.write() as c:
        assert freeze.rows(c)["n"].unread is None


def test_a_script_of_many_nodes_is_read_once(resolver, root, monkeypatch):
    """Also a script without arguments, whose hints say why it has none."""
    (root / "plain.py").write_text("print(1)\n")
    asked = []

    def read(code, *kind):
        asked.append(code.filename)
        return Freezer.read(resolver.freezer, code, *kind)

    monkeypatch.setattr(resolver.freezer, "read", read)
    freeze = Freeze(resolver, {name: Node("executable", path="plain.py") for name in "abc"})
    assert asked == ["plain.py"] and not any(
        node.resolved.problem for node in freeze.nodes.values()
    )
