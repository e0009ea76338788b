"""The nodes that a run includes: its scope, without muted and bypassed nodes."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Literal

import msgspec

from nbyard.domain.workflows.edges import Ports, port_of, ports_fit
from nbyard.domain.workflows.structs import (
    Document,
    Edge,
    Problem,
    dependencies,
    downstream,
    upstream,
)
from nbyard.errors import Invalid
from nbyard.reasons.structs import because

Scope = Literal["all", "selected", "from", "to"]


def selected_nodes(document: Document, scope: Scope, nodes: Sequence[str]) -> set[str]:
    """Return the nodes in the scope of a run, always with their dependencies.

    `nodes` are the nodes that the request names. A sub-workflow stands for its nodes. Muted and
    bypassed ones among them are ignored, if another one can run. Scope `from` may start at bypassed
    nodes. Dependencies of a pinned node are left out.

    Raises:
        Invalid: a named node is not in the document, or no named node can run.
    """
    active = without_muted(document)
    if scope == "all":
        return _not_bypassed(active)
    by_name: dict[str, set[str]] = {}
    for name in document.nodes:
        for outer in accumulate(name.split("."), "{}.{}".format):
            by_name.setdefault(outer, set()).add(name)
    for index, node in enumerate(nodes):
        if node not in by_name:
            raise Invalid.field(f"nodes.{index}", f"there is no node {node[:70]!r}")
    if not nodes:
        raise Invalid.field("nodes", f"the scope {scope!r} needs at least one node")
    running = _not_bypassed(active)
    named = set().union(*map(by_name.__getitem__, nodes)) & (
        set(active.nodes) if scope == "from" else running
    )
    if not named:
        raise Invalid.field(
            "nodes", "each of these nodes is muted or bypassed, or depends on a muted node"
        )
    edges = dependencies(active)
    chosen = downstream(named, edges) if scope == "from" else named
    return upstream(chosen, [e for e in edges if not _targets_pinned_result(active, e)]) & running


def _not_bypassed(document: Document) -> set[str]:
    return {name for name, node in document.nodes.items() if node.mode != "bypassed"}


def idle_nodes(document: Document) -> set[str]:
    """Return the muted nodes and the nodes that depend on them, also through bypassed nodes.

    A pinned node does not depend on its inputs.
    """
    nodes = document.nodes
    muted = [name for name, node in nodes.items() if node.mode == "muted"]
    return downstream(
        muted, [e for e in dependencies(document) if not _targets_pinned_result(document, e)]
    )


def _targets_pinned_result(document: Document, edge: Edge) -> bool:
    """Return whether the target uses its pinned result, so that the connection has no effect.

    A bypassed node has no result: its pin does not count, and its inputs pass to its consumers.
    """
    target = document.nodes[edge.target]
    return target.pin is not None and target.mode is None


def without_muted(document: Document) -> Document:
    """Return the document without muted nodes and the nodes that depend on them."""
    idle = idle_nodes(document)
    return _with_only(document, {n for n in document.nodes if n not in idle}) if idle else document


def _with_only(document: Document, kept: set[str]) -> Document:
    return msgspec.structs.replace(
        document,
        nodes={name: node for name, node in document.nodes.items() if name in kept},
        edges={k: e for k, e in document.edges.items() if e.source in kept and e.target in kept},
    )


class Active(msgspec.Struct, frozen=True):
    """The part of a document that can run.

    `problems` are the required inputs that bypassed nodes leave without a connection.
    """

    document: Document
    problems: list[Problem] = []


def active_part(document: Document, ports: Ports) -> Active:
    """Return the document without muted and bypassed nodes.

    Consumers of a bypassed node are connected to the only source of that node which fits. If no
    source fits, an optional input stays without a connection.
    """
    active = without_muted(document)
    kept = _not_bypassed(active)
    if len(kept) == len(active.nodes):
        return Active(active)
    into: dict[str, list[Edge]] = {}
    for edge in active.edges.values():
        into.setdefault(edge.target, []).append(edge)
    edges = dict(_with_only(active, kept).edges)
    problems = []
    for key, edge in active.edges.items():
        if edge.source in kept or edge.target not in kept or _targets_pinned_result(active, edge):
            continue
        given = _sources_of_bypassed(edge.source, into, kept)
        fitting = _fitting_connections(edge, given, ports)
        place = {"input": edge.input, "node": edge.source}
        port = port_of(ports, edge.target, edge.input)
        if len(fitting) == 1:
            source, output = fitting[0].source, fitting[0].output
            edges[key] = msgspec.structs.replace(edge, source=source, output=output)
            continue
        if fitting:
            inputs = [f"{connection.source}.{connection.output}" for connection in fitting]
            reason = because("bypass-several", **place, inputs=inputs)
        elif port is None or port.required:
            reason = because("bypass-none", **place)
        else:
            continue  # an optional input uses its own value
        problems.append(Problem(reason, node=edge.target, edge=key, field=edge.input))
    return Active(
        msgspec.structs.replace(_with_only(active, kept), edges=edges),
        problems,
    )


def _sources_of_bypassed(
    node: str, into: Mapping[str, Sequence[Edge]], kept: set[str]
) -> list[Edge]:
    """Return the connections from running nodes to a bypassed node, once for each output.

    They may lead through other bypassed nodes. `into` has the connections by target node.
    """
    given: dict[tuple[str, str], Edge] = {}
    seen = {node}
    todo = [node]
    while todo:
        for edge in into.get(todo.pop(), ()):
            if edge.source in kept:
                given.setdefault((edge.source, edge.output), edge)
            elif edge.source not in seen:
                seen.add(edge.source)
                todo.append(edge.source)
    return list(given.values())


def _fitting_connections(edge: Edge, given: Sequence[Edge], ports: Ports) -> list[Edge]:
    """Return the connections in `given` whose data the target of `edge` accepts.

    If several fit, those with the format of the bypassed output are preferred.
    """
    wanted = port_of(ports, edge.target, edge.input)
    outputs = [
        (connection, port_of(ports, connection.source, connection.output)) for connection in given
    ]
    fitting = [
        (connection, output)
        for connection, output in outputs
        if output and wanted and ports_fit(output, wanted)
    ]
    replaced = port_of(ports, edge.source, edge.output)
    same = [
        connection
        for connection, output in fitting
        if replaced and output.format == replaced.format
    ]
    return same if len(fitting) > 1 and same else [connection for connection, _ in fitting]
