"""Sub-workflows: nodes whose file is another workflow.

A run contains their nodes: `clean` of the sub-workflow `features` is called `features.clean`. The
inputs of a sub-workflow are its datasets (`rows`), which a connection replaces, and the inputs
without a connection (`clean.rows`). Its outputs are those of its nodes (`clean.table`), and its
values are the parameters of its document.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from posixpath import dirname, join, normpath
from typing import Any

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.limits import Limits
from nbyard.domain.workflows import conditions
from nbyard.domain.workflows.structs import MAX_NODES, WORKFLOW, Binding, Document, Edge, Meta, Node
from nbyard.errors import Invalid

KIND = "workflow"
MAX_NAME = 80  # of a node in a run
INHERITED = ("runtime", "pin", "mode", *Limits.__struct_fields__)
Ports = Mapping[str, Sequence[Argument]]


class Reading(msgspec.Struct, frozen=True):
    """How sub-workflows are read. `document` reads a path relative to the outermost document.

    `takes_default` returns whether a node would use the default environment of its document.
    """

    document: Callable[[str], Document]
    takes_default: Callable[[Node], bool]


def is_subworkflow(node: Node) -> bool:
    """Return whether the file of a node is a workflow."""
    return node.type == "executable" and node.path.endswith(WORKFLOW)


def expand(document: Document, reading: Reading, within: tuple[str, ...]) -> Document:
    """Return the document with the nodes of its sub-workflows in their place.

    `within` are the paths of the workflows that contain it.

    Raises:
        Invalid: a sub-workflow contains itself, or lacks a used port or parameter.
        NotFound: the file of a sub-workflow does not exist.
    """
    default = document.meta.environment
    parts = {
        name: contents(node, reading, within, "" if node.names_packages else default)
        for name, node in document.nodes.items()
        if is_subworkflow(node)
    }
    if not parts:
        return document
    nodes = {name: node for name, node in document.nodes.items() if name not in parts}
    edges: list[Edge] = []
    for name, part in parts.items():
        fed = {edge.input for edge in document.edges.values() if edge.target == name}
        nodes |= {
            f"{name}.{n}": _under_condition(node, name, document.nodes[name].when)
            for n, node in part.nodes.items()
            if n not in fed
        }
        edges += [
            Edge(f"{name}.{edge.source}", edge.output, f"{name}.{edge.target}", edge.input)
            for edge in part.edges.values()
            if edge.source not in fed
        ]
    for edge in document.edges.values():
        source, output = edge.source, edge.output
        if source in parts:
            inner, _, output = output.rpartition(".")
            _check_end(edge.source, parts[source], inner, edge.output)
            source = f"{source}.{inner}"
        edges += [Edge(source, output, *target) for target in _targets(edge, parts)]
    if len(nodes) > MAX_NODES:
        raise Invalid.field("document.nodes", f"more than {MAX_NODES} nodes with sub-workflows")
    if long := next((name for name in nodes if len(name) > MAX_NAME), ""):
        raise Invalid.field("document.nodes", f"{long} has more than {MAX_NAME} characters")
    keys = (f"{edge.source}.{edge.output}->{edge.target}.{edge.input}" for edge in edges)
    return msgspec.structs.replace(document, nodes=nodes, edges=dict(zip(keys, edges, strict=True)))


def contents(node: Node, reading: Reading, within: tuple[str, ...], default: str = "") -> Document:
    """Return the expanded document of a sub-workflow, with the settings and values of its node.

    Paths in it are relative to the folder of the document that contains the node. `default` is its
    default environment, unless it sets one.

    Raises:
        Invalid: it contains itself, or lacks a parameter or a used port.
    """
    path = normpath(node.path)
    if node.map:
        why = f"{path} is a workflow: open it and map its first node. The others follow"
        raise Invalid.field("document.nodes", why)
    if path in within:
        raise Invalid.field("document.nodes", f"{path} contains itself")
    document = reading.document(path)
    if unknown := sorted(node.arguments.keys() - document.meta.parameters.keys()):
        raise Invalid.field("document.nodes", f"{path} has no parameter {unknown[0]!r}")
    default = document.meta.environment or default
    meta = msgspec.structs.replace(document.meta, environment=default)
    placed = {
        name: _placed(_with_contracts(name, inner, node), node, meta, dirname(path), reading)
        for name, inner in document.nodes.items()
    }
    whole = msgspec.structs.replace(document, nodes=placed, meta=meta)
    return expand(whole, reading, (*within, path))


def arguments_of(document: Document, ports: Ports) -> Iterator[Argument]:
    """Yield the arguments of a sub-workflow. `ports` are the arguments of its nodes."""
    for name, parameter in document.meta.parameters.items():
        yield parameter.argument(name)
    connected = {(edge.target, edge.input) for edge in document.edges.values()}
    for name, node in document.nodes.items():
        for port in ports[name]:
            if node.type == "dataset":
                yield Argument(name, role="input", format=port.format)
            elif port.role != "value" and (name, port.name) not in connected:
                own = f"{name}.{port.name}"
                yield msgspec.structs.replace(port, name=own, reach=None, companions=())


def _targets(edge: Edge, parts: Mapping[str, Document]) -> Iterator[tuple[str, str]]:
    """Yield the inputs of the run to which a connection leads."""
    part = parts.get(edge.target)
    if part is None:
        yield edge.target, edge.input
    elif edge.input in part.nodes:  # a dataset, which the connection replaces
        for inner in part.edges.values():
            if inner.source == edge.input:
                yield f"{edge.target}.{inner.target}", inner.input
    else:
        name, _, port = edge.input.rpartition(".")
        _check_end(edge.target, part, name, edge.input)
        yield f"{edge.target}.{name}", port


def _check_end(node: str, part: Document, inner: str, port: str) -> None:
    if inner not in part.nodes:
        raise Invalid.field("document.edges", f"the sub-workflow {node} has no {port}")


def _with_contracts(name: str, node: Node, outer: Node) -> Node:
    """Return a node of a sub-workflow with the rules of the outer node for its outputs too."""
    prefix = f"{name}."
    given = {o.removeprefix(prefix): r for o, r in outer.contracts.items() if o.startswith(prefix)}
    outputs = {**node.contracts, **given}
    merged = {o: (*node.contracts.get(o, ()), *given.get(o, ())) for o in outputs}
    return msgspec.structs.replace(node, contracts=merged)


def _placed(node: Node, outer: Node, meta: Meta, folder: str, reading: Reading) -> Node:
    """Return a node of a sub-workflow as part of the document that contains it."""
    changes: dict[str, Any] = {
        field: normpath(join(folder, path))
        for field in ("path", "requirements")
        if (path := getattr(node, field))
    }
    node = msgspec.structs.replace(node, **changes)
    if node.type == "dataset":
        return node
    bound = {n: _bound(b, outer, meta) for n, b in node.arguments.items()}
    changes = {"arguments": {n: b for n, b in bound.items() if b}}
    if node.when:
        known = {n: _bound(Binding(parameter=n), outer, meta) for n in meta.parameters}
        values = {
            n: b.parameter if isinstance(b.parameter, str) else repr(b.value)
            for n, b in known.items()
            if b
        }
        changes["when"] = conditions.renamed(node.when, values)
    names_packages = node.names_packages
    if meta.environment and not names_packages and reading.takes_default(node):
        names_packages, changes["environment"] = True, meta.environment
    names_packages = names_packages or bool(meta.environment and is_subworkflow(node))
    for field in INHERITED if names_packages else (*INHERITED, *Node.PACKAGES):
        own, given = getattr(node, field), getattr(outer, field)
        if own in (None, "") and given not in (None, ""):
            changes[field] = given
    return msgspec.structs.replace(node, **changes)


def _under_condition(node: Node, name: str, outer: str) -> Node:
    """Return a node of the sub-workflow `name`, which runs if the condition `outer` holds."""
    if node.type == "dataset" or not (node.when or outer):
        return node
    inside = {inner: f"{name}.{inner}" for inner in conditions.nodes_of(node.when)}
    own = conditions.renamed(node.when, {}, inside)
    return msgspec.structs.replace(node, when=conditions.combined(outer, own))


def _bound(binding: Binding, outer: Node, meta: Meta) -> Binding | None:
    """Return the value of an argument that names a parameter of its sub-workflow, if it has one."""
    name = binding.parameter
    if not isinstance(name, str):
        return binding
    if name in outer.arguments:
        return outer.arguments[name]
    default = meta.parameters[name].default if name in meta.parameters else msgspec.UNSET
    return None if default is msgspec.UNSET else Binding(value=default)
