"""A run of one executable is a run of a document with one node, `main`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from nbyard.domain.arguments import MAX_TEXT, Argument, check_value, parse_value
from nbyard.domain.callers import Caller
from nbyard.domain.planning import ResolvedNode
from nbyard.domain.runs import NewRun
from nbyard.domain.workflows import DATA, Binding, Document, Edge, Meta, Node
from nbyard.errors import Detail, Invalid, NotFound, TooLarge
from nbyard.files import file_of
from nbyard.services.parts import Parts
from nbyard.services.resolving import Resolver

MAIN = "main"


def single_document(parts: Parts, caller: Caller, body: NewRun) -> tuple[Document, str]:
    """The document, and the folder its paths are relative to.

    Raises:
        NotFound: there is no such file or executable.
        Invalid: an unknown argument, a value that does not fit or an input that is missing.
    """
    resolver, node = _node(parts, caller, body)
    base, view = resolver.base, resolver.view(node)
    if view.problem:
        raise Invalid.field("path" if body.path else "executable", view.problem)
    arguments = {argument.name: argument for argument in view.arguments}
    _check_inputs(arguments, body)
    nodes: dict[str, Node] = {}
    edges: dict[str, Edge] = {}
    bindings: dict[str, Binding] = {}
    for name, value in given_values(arguments, body, view.name).items():
        if arguments[name].role == "input":
            nodes[f"in_{name}"] = _data(parts, caller, str(value), base, f"parameters.{name}")
            edges[name] = Edge(f"in_{name}", DATA, MAIN, name)
        else:
            bindings[name] = Binding(value=value)
    nodes[MAIN] = Node(
        "executable",
        path=node.path,
        executable=node.executable,
        arguments=bindings,
        image=body.image,
    )
    return Document(1, Meta(title=view.name), nodes, edges), base


def _node(parts: Parts, caller: Caller, body: NewRun) -> tuple[Resolver, Node]:
    if not body.path:
        node = Node("executable", executable=body.executable)
        resolver = Resolver(parts, caller.name, "")
        resolver.registered(node)
        return resolver, node
    real = parts.files.locate_code(body.path)
    if not file_of(real).is_file():
        raise NotFound(f"There is no file {body.path[:200]}.")
    resolver = Resolver(parts, caller.name, parts.files.shown(real.parent))
    return resolver, Node("executable", path=real.name)


def _check_inputs(arguments: Mapping[str, Argument], body: NewRun) -> None:
    for name, argument in arguments.items():
        given = name in body.parameters or name in body.texts
        if argument.role == "input" and argument.required and not given:
            raise Invalid.field(
                f"parameters.{name}",
                "a file or a dataset is needed",
                hint=f"From a shell: -p {name}=FILE",
            )


def _data(parts: Parts, caller: Caller, text: str, base: str, field: str) -> Node:
    """A dataset of that name, else the file or folder of that path."""
    with parts.store.read() as c:
        known = parts.store.datasets.get(c, caller.name, text)
        is_ready = known and parts.store.datasets.newest_ready(c, known.id)
    if known is not None:
        if not is_ready:
            raise Invalid.field(field, f"the dataset {known.name!r} is not ready")
        return Node("dataset", dataset=known.id)
    real = parts.files.locate(text, field)
    if not real.exists():
        raise Invalid.field(field, f"there is no file or dataset {text[:200]!r}")
    start = parts.files.locate(base) if base else parts.files.root
    return Node("dataset", path=os.path.relpath(real, start))


def given_values(arguments: Mapping[str, Argument], body: NewRun, owner: str) -> dict[str, Any]:
    """Checked values by name, from typed ones and from texts."""
    for name in (*body.parameters, *body.texts):
        if name not in arguments:
            known = ", ".join(arguments) or "none"
            raise Invalid.field(
                f"parameters.{name}", f"{owner} has no such parameter; it has: {known}"
            )
    _check_given(arguments, {**body.parameters, **body.texts})
    values = {
        name: check_value(arguments[name], value, f"parameters.{name}")
        for name, value in body.parameters.items()
    }
    return values | {
        name: parse_value(arguments[name], text, f"parameters.{name}")
        for name, text in body.texts.items()
    }


def _check_given(arguments: Mapping[str, Argument], given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        where = f"parameters.{name}"
        if arguments[name].role == "output":
            raise Invalid.field(where, "is an output; its file goes to the store")
        if isinstance(value, str) and len(value) > MAX_TEXT:
            words = f"may have at most {MAX_TEXT:,} characters; use a dataset for more"
            raise TooLarge(f"{where} {words}", details=[Detail(where, words)])


def checked_values(
    document: Document, resolved: Mapping[str, ResolvedNode], body: NewRun
) -> dict[str, Any]:
    """The values a run records: workflow parameters with their defaults, or a single
    executable's own."""
    if not body.path.endswith(".nbflow"):
        arguments = {a.name: a for a in resolved[MAIN].arguments}
        return given_values(arguments, body, resolved[MAIN].name)
    declared = {name: p.argument(name) for name, p in document.meta.parameters.items()}
    given = given_values(declared, body, "The workflow")
    missing = [name for name, a in declared.items() if a.required and name not in given]
    if missing:
        raise Invalid.field(f"parameters.{missing[0]}", "a value is needed")
    return {n: given.get(n, a.default) for n, a in declared.items()}
