"""Pinned nodes, which use the result of an earlier run instead of running."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.maps.structs import ALL, ALL_PORT
from nbyard.domain.runs.checks import FOR_SCRATCH
from nbyard.domain.runs.planning import ResolvedNode
from nbyard.domain.runs.structs import Run, TaskPlan, bytes_of
from nbyard.domain.workflows.edges import FOLDER
from nbyard.domain.workflows.structs import Document, Pin
from nbyard.errors import Invalid, NotFound

if TYPE_CHECKING:
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.store import Connection
    from nbyard.store.runs.tasks import TaskRecord


def requested_pins(
    context: FreezingContext, owner: str, document: Document, asked: Mapping[str, str]
) -> dict[str, Pin | None]:
    """Return the pins requested for one run, by node; None removes a node's pin.

    `asked` has a run's ID, name or number for each node, or an empty text to remove its pin.

    Raises:
        Invalid: the node or the run does not exist, or the run is a scratch run.
    """
    pins: dict[str, Pin | None] = {}
    if not asked:
        return pins
    with context.store.read() as c:
        for node, key in asked.items():
            field = f"pins.{node[:70]}"
            if node not in document.nodes or document.nodes[node].type == "dataset":
                raise Invalid.field(field, "the workflow has no such node")
            run = context.store.runs.get(c, owner, key) if key else None
            if key and run is None:
                raise Invalid.field(field, f"there is no run '{key[:80]}'")
            if run and run.is_scratch:
                raise Invalid.field(field, FOR_SCRATCH)
            pins[node] = Pin(run.id, run.number) if run else None
    return pins


def pinned_node(context: FreezingContext, owner: str, name: str, pin: Pin) -> ResolvedNode:
    """Resolve a pinned node to the task of the earlier run.

    Raises:
        NotFound: the run, its task or its bytes are gone.
    """
    with context.store.read() as c:
        run = context.store.runs.get(c, owner, pin.run)
        if run is None:
            raise _gone(pin.number or f"'{pin.run[:80]}'", "which does not exist")
        task = context.store.tasks.of_node(c, run.id, name)
        if task is None:
            raise _gone(run.number, "which does not contain it")
        if task.state != "succeeded":
            raise _gone(run.number, f"but its state there is {task.state}")
        made = context.store.artifacts.of_task(c, task.id)
        plan = _plan(context, c, run, task)
    # The run's record may outlive its bytes.
    for artifact in made.values():
        if not context.blobs.exists(artifact.digest):
            raise _gone(run.number, f"but the data of {artifact.name} was deleted")
    # An optional output that the task did not write can feed no other node.
    ports = [a for a in plan.arguments if a.role != "output" or a.name in made]
    if ALL in made:  # the collected results of a map
        ports = [msgspec.structs.replace(a, format=FOLDER) if a.name in made else a for a in ports]
        ports.append(ALL_PORT)
    return ResolvedNode(
        plan.label,
        ports,
        executable_id=plan.executable_id,
        version_id=plan.executable_version_id,
        pinned=plan,
    )


def _gone(run: int | str, why: str) -> NotFound:
    return NotFound(f"The node is pinned to run {run}, {why}: unpin it, or pin it to another run.")


def _plan(context: FreezingContext, c: Connection, run: Run, task: TaskRecord) -> TaskPlan:
    """Return the plan of a task with the stored bytes of its inputs instead of dependencies."""
    bindings = dict(task.plan.without(task.plan.needs()).bindings)
    for edge in task.plan.edges():
        source = context.store.tasks.of_node(c, run.id, edge.source)
        # The other nodes of that run are not part of this one, so use their stored bytes.
        made = context.store.artifacts.of_task(c, source.id) if source else {}
        if had := made.get(edge.output):
            origin = f"{edge.source} of run {run.number}"
            bindings[edge.input] = bytes_of(had.digest, had.filename, origin, f"artifact:{had.id}")
    return msgspec.structs.replace(
        task.plan, bindings=bindings, map=None, reuse=task.id, pinned=run.number, force=False
    )
