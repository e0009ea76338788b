"""Maps with failing elements, while dispatchers die: no element is lost, none is repeated.

The processes are real. The elements of `b` follow those of `a`, which come from a task before.
"""

import json
from collections import Counter
from typing import Any

import pytest

from nbyard.domain.maps.structs import ALL

from .place import Place

VALUES = ["one", "bad", "two", "three"]
# The source writes the elements, and elements with a bad value fail.
BODY = f"""
[ $NBYARD_NODE_ID != s ] || {{ echo '{json.dumps(VALUES)}' > "$OUT"; exit 0; }}
[ "$SALT" != bad ] || exit 3
"""
POINTS = [
    *("elements-inserted:1", "elements-inserted:2", "map-collected:1", "map-collected:2"),
    *("recorded:2", "started:3", "finished:4", "outputs-taken:3", "published:2", "published:6"),
    "before-run-end:1",
]


def mapped_flow(place: Place, policy: str) -> str:
    path = place.flow({"s": [], "a": [], "b": ["a"]}, body=BODY)
    document = json.loads((place.root / path).read_text())
    own = {"each": {"kind": "list", "over": "salt"}, "on_failure": policy}
    document["nodes"]["a"] |= {"map": own, "arguments": {}}
    document["edges"]["s.out->a.@each"] = {
        "source": "s",
        "output": "out",
        "target": "a",
        "input": "@each",
    }
    (place.root / path).write_text(json.dumps(document))
    return path


def table(place: Place, run: str, node: str) -> list[dict[str, Any]]:
    detail = place.yard.services.runs.get(place.caller, run)
    (task,) = (task for task in detail.tasks if task.node == node)
    (digest,) = (artifact.digest for artifact in task.artifacts if artifact.name == ALL)
    with place.yard.context.blobs.open(digest) as handle:
        return [json.loads(line) for line in handle.read().splitlines()]


def executions(place: Place) -> Counter[str]:
    return Counter(execution.node for execution in place.checker.executions())


@pytest.mark.sample(4)
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("point", POINTS)
def test_maps_survive_the_death_of_the_dispatcher(place: Place, point: str) -> None:
    run = place.submit(mapped_flow(place, "all"))
    place.dispatcher_dies(point)
    place.finish()
    assert place.states() == {run: "succeeded"}
    assert [row["state"] for row in table(place, run, "a")] == [
        "failed" if value == "bad" else "succeeded" for value in VALUES
    ]
    assert [row["label"] for row in table(place, run, "a")] == [f"salt={v}" for v in VALUES]
    assert [row["state"] for row in table(place, run, "b")] == [
        "skipped" if value == "bad" else "succeeded" for value in VALUES
    ]
    assert set(executions(place).values()) == {1}
    assert len(executions(place)) == 1 + len(VALUES) + len(VALUES) - 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_failed_map_is_retried_after_the_death_of_the_dispatcher(place: Place) -> None:
    """Only its failed elements, and what is after them, run again."""
    run = place.submit(mapped_flow(place, "0"))
    place.dispatcher_dies("published:3")
    place.finish()
    assert place.states()[run] == "failed"
    before = executions(place)
    done = {row["label"] for row in table(place, run, "a") if row["state"] == "succeeded"}
    again = place.yard.services.runs.retry(place.caller, run).id
    place.dispatcher_dies("elements-inserted:1")
    place.finish()
    rows = table(place, again, "a")
    assert [row["label"] for row in rows] == [f"salt={value}" for value in VALUES]
    assert rows[1]["state"] == "failed"
    repeated = {node for node, count in (executions(place) - before).items() if node in before}
    tasks = place.yard.services.runs.get(place.caller, again).tasks
    labels = {task.node: task.element.label for task in tasks if task.element}
    assert {labels[node] for node in repeated} == {"salt=bad"}
    assert done <= {row["label"] for row in rows if row["state"] == "succeeded"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_optimiser_goes_on_after_the_death_of_dispatchers(place: Place) -> None:
    """It keeps nothing of its own: its past elements are those of the store."""
    path = place.flow({"a": [], "b": ["a"]}, functions=True)
    code = (place.root / "flow.py").read_text()
    (place.root / "flow.py").write_text(
        code.replace('salt: str = ""', "x: float = 0")
        .replace('outputs={"out": "txt"}', 'outputs={"out": "txt", "result": "json"}')
        .replace('return nonce + "\\n"', 'return {"out": nonce, "result": {"score": x * (1 - x)}}')
    )
    document = json.loads((place.root / path).read_text())
    space = {"x": {"low": 0, "high": 1}}
    each = {"kind": "search", "space": space, "by": "optuna", "goal": "score", "count": 9}
    document["nodes"]["a"] |= {"map": {"each": each, "at_most": 3}, "arguments": {}}
    document["nodes"]["b"] |= {"arguments": {}}
    (place.root / path).write_text(json.dumps(document))
    run = place.submit(path)
    for point in ("elements-inserted:2", "published:3", "elements-inserted:1", "map-collected:1"):
        place.dispatcher_dies(point)
    place.finish()
    assert place.states() == {run: "succeeded"}
    rows = table(place, run, "a")
    assert [row["state"] for row in rows] == ["succeeded"] * 9
    assert [row["state"] for row in table(place, run, "b")] == ["succeeded"] * 9
    assert len({row["parameters"]["x"] for row in rows}) == 9
    assert set(executions(place).values()) == {1} and len(executions(place)) == 18
