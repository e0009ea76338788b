"""How a check describes the nodes of a workflow."""

import json

from nbyard.domain.executables.structs import NewExecutable
from nbyard.domain.workflows.structs import CheckWorkflow


def test_a_node_shows_the_resources_that_its_executable_requests(yard, ann, root):
    for name, limits in (
        ("plain.sh", {}),
        ("large.sh", {"gpu": 2, "cpu": 4, "memory_bytes": 2**30}),
    ):
        (root / name).write_text("true\n")
        description = {"version": 1, "resources": limits}
        (root / f"{name}.nbexec").write_text(json.dumps(description))
    found = yard.services.executables.create(ann, NewExecutable(path="large.sh"))
    nodes = {
        "plain": {"type": "executable", "path": "plain.sh"},
        "large": {"type": "executable", "path": "large.sh"},
        "named": {"type": "executable", "executable": found.id},
        "pinned": {"type": "executable", "path": "large.sh", "version": found.current.id},
    }
    document = json.dumps({"version": 1, "nodes": nodes})
    check = yard.services.workflows.check(ann, CheckWorkflow("flow.nbflow", document))
    shown = {name: (view.gpu, view.cpu, view.memory_bytes) for name, view in check.nodes.items()}
    large = (2, 4, 2**30)
    assert shown == {"plain": (None, None, None), "large": large, "named": large, "pinned": large}
