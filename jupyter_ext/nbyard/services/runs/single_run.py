"""Runs of one executable, as documents with the single node `main`."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

from nbyard.domain.arguments.bindings import Beside
from nbyard.domain.arguments.structs import (
    ANY,
    MAX_TEXT,
    Argument,
    check_value,
    is_secret,
    parse_value,
)
from nbyard.domain.names import check_filename
from nbyard.domain.runs.planning import NO_CREDENTIAL, ResolvedNode
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.edges import FOLDER, ONE_OR_SEVERAL
from nbyard.domain.workflows.structs import DATA, Binding, Document, Edge, Meta, Node, NodeView
from nbyard.errors import Detail, Invalid, NbyardError, NotFound, TooLarge
from nbyard.services.artifacts import file_named
from nbyard.services.freezing.environment_resolution import FIELD as ENVIRONMENT
from nbyard.services.freezing.node_resolution import Resolver, problem_of
from nbyard.services.naming import nearest

MAIN = "main"


def single_document(resolver: Resolver, body: NewRun) -> Document:
    """Return the document of an executable, or of a file in the resolver's folder.

    Raises:
        NotFound: the executable does not exist.
        Invalid: an argument is unknown, a value does not fit or an input is missing.
    """
    node = _node(resolver, body)
    view = _seen(resolver, node, "path" if body.path else "executable")
    arguments = {argument.name: argument for argument in view.arguments}
    nodes: dict[str, Node] = {}
    edges: dict[str, Edge] = {}
    bindings: dict[str, Binding] = {}
    values = given_values(arguments, body, view.name)
    # Such as an index file that tools expect next to its data file.
    values |= _beside(resolver, arguments, values)
    _check_inputs(arguments, values)
    _check_secrets(resolver, arguments, values)
    for name, value in values.items():
        if arguments[name].role == "input":
            where = f"parameters.{name}"
            nodes[f"in_{name}"] = _data(resolver, str(value), where)
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
    return Document(1, Meta(title=view.name), nodes, edges)


def _seen(resolver: Resolver, node: Node, field: str) -> NodeView:
    """Return the node's view; report problems of the file at `field`, others as they are."""
    try:
        return resolver.seen(node)
    except NbyardError as error:
        if [one.path for one in error.details] == [ENVIRONMENT]:
            raise
        raise Invalid.field(field, problem_of(error)) from None


def _node(resolver: Resolver, body: NewRun) -> Node:
    if body.path:
        return Node("executable", path=resolver.parts.files.locate_code(body.path).name)
    node = Node("executable", executable=body.executable)
    resolver.registered(node)
    return node


def _beside(
    resolver: Resolver, arguments: Mapping[str, Argument], values: Mapping[str, Any]
) -> dict[str, str]:
    """Return the companion files that lie beside inputs given by their path."""
    found = {}
    for name, argument in arguments.items():
        reach = argument.reach
        if argument.role != "input" or not isinstance(reach, Beside) or name in values:
            continue
        given, where = values.get(reach.of), f"parameters.{reach.of}"
        if isinstance(given, str) and _data(resolver, given, where).path:
            folder, called = os.path.split(given.rstrip("/"))
            # The leading folder marks it as a path, so that no dataset of this name is used.
            place = os.path.join(folder or ".", reach.name(called))
            if resolver.parts.files.locate(place, f"parameters.{name}").exists():
                found[name] = place
    return found


def _check_inputs(arguments: Mapping[str, Argument], values: Mapping[str, Any]) -> None:
    wrong = [
        Detail(f"parameters.{name}", f"{_wanted(argument)} is needed{_in_order(argument)}")
        for name, argument in arguments.items()
        if argument.role == "input" and argument.required and name not in values
    ]
    if wrong:
        name = wrong[0].path.partition(".")[2]
        hint = f"From a shell: --input-file {name}=path"
        raise Invalid(f"{wrong[0].path}: {wrong[0].message}", hint=hint, details=wrong)


def _check_secrets(
    resolver: Resolver, arguments: Mapping[str, Argument], values: Mapping[str, Any]
) -> None:
    """Check that secrets name credentials; the value may be a secret, so do not repeat it."""
    for name, value in values.items():
        if not is_secret(arguments[name]) or value is None:
            continue
        with resolver.parts.store.read() as c:
            known = resolver.parts.store.credentials.references(c, resolver.owner)
        if value not in known:
            names = {one.name for one in known.values()}
            hint = f"{nearest(names, '')[:1].upper()}{nearest(names, '')[1:]}."
            raise Invalid.field(f"parameters.{name}", NO_CREDENTIAL, hint=hint)


def _wanted(argument: Argument) -> str:
    if argument.type == "list":
        return ONE_OR_SEVERAL
    if argument.format == ANY:
        return "a file, a folder, a dataset or an artifact"
    return "a folder" if argument.format == FOLDER else "a file, a dataset or an artifact"


def _in_order(argument: Argument) -> str:
    return "; they are taken in the order of their names" if argument.type == "list" else ""


def _data(resolver: Resolver, text: str, field: str) -> Node:
    """Return the node of a dataset of that name, else of an artifact, else of a file or folder."""
    parts, base = resolver.parts, resolver.base
    with parts.store.read() as c:
        known = parts.store.datasets.get(c, resolver.owner, text)
        # A name of a dataset precedes a file of the same name.
        is_ready = known and parts.store.datasets.newest_ready(c, known.id)
    if known is not None:
        if not is_ready:
            raise Invalid.field(field, f"the dataset {known.name!r} is not ready")
        return Node("dataset", dataset=known.id)
    missing = _no_artifact(resolver, text, field)
    if not missing:
        return Node("dataset", artifact=text)
    real = parts.files.locate(text, field)
    if not real.exists():
        raise Invalid.field(field, missing)
    check_filename(real.name, field)
    path = os.path.relpath(real, parts.files.locate(base)) if base else parts.files.shown(real)
    return Node("dataset", path=path)


def _no_artifact(resolver: Resolver, text: str, field: str) -> str:
    """Return why the text names no file of an artifact; empty if it does."""
    store, owner = resolver.parts.store, resolver.owner
    try:
        with store.read() as c:
            named = store.runs.named(c, owner, text)
            file_named(store, c, owner, text)
    except NotFound as error:
        nothing = f"there is no file, dataset or artifact {text[:200]!r}"
        return error.message if named else nothing
    except Invalid as error:
        raise Invalid.field(field, error.details[0].message) from None
    return ""


def given_values(arguments: Mapping[str, Argument], body: NewRun, owner: str) -> dict[str, Any]:
    """Return checked values by name, from typed values and from texts."""
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
    document: Document,
    resolved: Mapping[str, ResolvedNode],
    body: NewRun,
    chosen: Collection[str],
) -> dict[str, Any]:
    """Return the values that a run records, by name.

    They are the parameters of the workflow with their defaults, or those of a single
    executable. A value is required only if a chosen node uses it.
    """
    if not body.path.endswith(".nbflow"):
        main = resolved[MAIN]
        if main.problem:
            raise Invalid.field("path" if body.path else "executable", main.problem)
        return given_values({a.name: a for a in main.arguments}, body, main.name)
    declared = {name: p.argument(name) for name, p in document.meta.parameters.items()}
    given = given_values(declared, body, "The workflow")
    without = [name for name, a in declared.items() if a.required and name not in given]
    bound = (one for node in chosen for one in document.nodes[node].arguments.values())
    used = {one.parameter for one in bound}
    wrong = [Detail(f"parameters.{n}", "a value is needed") for n in without if n in used]
    if wrong:
        raise Invalid(f"{wrong[0].path}: {wrong[0].message}", details=wrong)
    return {n: given.get(n, a.default) for n, a in declared.items() if n not in without}
