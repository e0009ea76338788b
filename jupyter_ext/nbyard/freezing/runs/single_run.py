"""Runs of one executable, as documents with the single node `main`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from nbyard.domain.arguments.bindings import Beside
from nbyard.domain.arguments.structs import (
    ANY,
    MAX_TEXT,
    Argument,
    check_value,
    is_secret,
    own_name,
    parse_value,
)
from nbyard.domain.naming.names import MAX_NAME, check_filename
from nbyard.domain.naming.unique_names import MAX_TOLD
from nbyard.domain.runs.planning import NO_CREDENTIAL
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.edges import FOLDER
from nbyard.domain.workflows.structs import DATA, Binding, Document, Edge, Meta, Node
from nbyard.errors import Detail, Invalid, NbyardError, NotFound, TooLarge
from nbyard.freezing.artifact_files import file_named
from nbyard.freezing.environment_resolution import FIELD as ENVIRONMENT
from nbyard.freezing.node_problems import first_problem, problem_of
from nbyard.freezing.node_resolution import Resolver
from nbyard.reasons.structs import Reason, because

MAIN = "main"


def single_document(resolver: Resolver, body: NewRun) -> Document:
    """Build the document that runs one executable, or one file in the resolver's folder.

    Its node `main` has the values of `body`. Each input has a dataset node.

    Raises:
        NotFound: the executable does not exist.
        Invalid: an argument is unknown, a value does not fit or an input is missing.
    """
    if body.path:
        node = Node("executable", path=resolver.context.files.locate_code(body.path).name)
    else:
        node = Node("executable", executable=body.executable)
        resolver.registered(node)
    try:
        view = resolver.checked_view(node)
    except NbyardError as error:
        # A problem of the environment or the kernel keeps its own field.
        if [detail.path for detail in error.details] in ([ENVIRONMENT], ["kernel"]):
            raise
        raise Invalid.field("path" if body.path else "executable", problem_of(error)) from None
    arguments = {argument.name: argument for argument in view.arguments}
    nodes: dict[str, Node] = {}
    edges: dict[str, Edge] = {}
    bindings: dict[str, Binding] = {}
    values = given_values(arguments, body, view.name)
    if body.path:
        values |= _ignored_defaults(resolver, arguments, os.path.dirname(body.path), values)
    # Companions are, for example, index files that tools expect next to a data file.
    values |= _companion_files(resolver, arguments, values)
    _check_values(resolver, arguments, values)
    for name, value in values.items():
        if arguments[name].role == "input":
            nodes[f"in_{name}"] = _data(resolver, str(value), f"parameters.{name}")
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


def _ignored_defaults(
    resolver: Resolver,
    arguments: Mapping[str, Argument],
    folder: str,
    values: Mapping[str, Any],
) -> dict[str, str]:
    """Return by input its default file, if that file exists but is not part of the code."""
    places = {
        name: os.path.join(folder or ".", argument.default)
        for name, argument in arguments.items()
        if argument.role == "input" and argument.required and argument.type != "list"
        if name not in values and isinstance(argument.default, str) and argument.default
    }
    files = resolver.context.files
    return {
        name: place
        for name, place in places.items()
        if files.locate(place, f"parameters.{name}").exists()
    }


def _companion_files(
    resolver: Resolver, arguments: Mapping[str, Argument], values: Mapping[str, Any]
) -> dict[str, str]:
    """Return by argument the paths of companion files that exist beside inputs."""
    companions = {}
    for name, argument in arguments.items():
        reach = argument.reach
        if argument.role != "input" or not isinstance(reach, Beside) or name in values:
            continue
        given, where = values.get(reach.of), f"parameters.{reach.of}"
        if isinstance(given, str) and _data(resolver, given, where).path:
            folder, called = os.path.split(given.rstrip("/"))
            # The leading folder marks it as a path, so that no dataset of this name is used.
            place = os.path.join(folder or ".", reach.name(called))
            if resolver.context.files.locate(place, f"parameters.{name}").exists():
                companions[name] = place
    return companions


def refused(wrong: Sequence[tuple[str, Reason | str]], hint: Reason | str | None = None) -> Invalid:
    """Return the error for several refused fields. Its message is about the first one."""
    path, why = wrong[0]
    details = [Detail.of(field, reason) for field, reason in wrong]
    return Invalid(because("field", path=path, reason=why), hint=hint, details=details)


def _check_values(
    resolver: Resolver, arguments: Mapping[str, Argument], values: Mapping[str, Any]
) -> None:
    """Check that required inputs have values, and that secrets name credentials."""
    wrong = []
    for name, argument in arguments.items():
        if argument.role != "input" or not argument.required or name in values:
            continue
        if argument.type == "list":
            why = (
                "a file or a folder with several files is needed; they are used in the order of"
                " their names"
            )
        elif argument.format == ANY:
            why = "Choose a file, folder, dataset or artifact"
        else:
            why = (
                "Choose a folder"
                if argument.format == FOLDER
                else "Choose a file, dataset or artifact"
            )
        wrong.append((f"parameters.{name}", why))
    if wrong:
        name = wrong[0][0].partition(".")[2]
        raise refused(wrong, because("give-input-file", name=name))
    for name, value in values.items():
        if not is_secret(arguments[name]) or value is None:
            continue
        with resolver.context.store.read() as c:
            known = resolver.context.store.credentials.references(c, resolver.owner)
        if value not in known:
            names = sorted({credential.name for credential in known.values()})
            hint = f"Your credentials: {', '.join(names[:MAX_TOLD])}."
            if not names:
                hint = "There are no credentials yet."
            # The value may be a secret, so it is not repeated.
            raise Invalid.field(f"parameters.{name}", NO_CREDENTIAL, hint=hint)


def _data(resolver: Resolver, text: str, field: str) -> Node:
    """Return the node for a text that names a dataset, an artifact, or a file or folder.

    The first of these that exists is used.
    """
    context, base = resolver.context, resolver.base
    with context.store.read() as c:
        known = context.store.datasets.get(c, resolver.owner, text)
        # A name of a dataset precedes a file of the same name.
        is_ready = known and context.store.datasets.newest_ready(c, known.id)
    if known is not None:
        if not is_ready:
            raise Invalid.field(field, f"the dataset '{known.name}' is not ready")
        return Node("dataset", dataset=known.id)
    try:
        with context.store.read() as c:
            named = context.store.runs.named(c, resolver.owner, text)
            file_named(context.store, c, resolver.owner, text)
    except NotFound as error:
        missing = error.reason if named else because("no-data", name=text[:200])
    except Invalid as error:
        raise Invalid.field(field, first_problem(error)) from None
    else:
        return Node("dataset", artifact=text)
    real = context.files.locate(text, field)
    if not real.exists():
        raise Invalid.field(field, missing)
    check_filename(real.name, field)
    # The paths of nodes are relative to the folder of their document.
    path = os.path.relpath(real, context.files.locate(base)) if base else context.files.shown(real)
    return Node("dataset", path=path)


def _unknown_name(name: str, known: list[str], owner: str) -> str:
    if not known:
        return (
            f"{owner} has no parameters"
            if owner
            else "The workflow declares no parameters, so a run cannot set values of its nodes."
        )
    if not owner:
        return f"The workflow does not have this parameter; it has: {', '.join(known)}"
    near = get_close_matches(name[:MAX_NAME].replace("-", "_"), known, 1)
    if near:
        return f"{owner} does not have this parameter; did you mean {near[0]}?"
    return f"{owner} does not have this parameter; it has: {', '.join(known)}"


def given_values(
    arguments: Mapping[str, Argument], body: NewRun, owner: str = ""
) -> dict[str, Any]:
    """Check the values of a request; return them by name, converted to their types.

    `owner` is the name of the executable with these arguments, empty for a workflow.

    Raises:
        Invalid: a value does not fit, or belongs to an output.
        TooLarge: a value is too large.
    """
    known = [*arguments]
    # The names of arguments may be written with hyphens.
    given, texts = (
        {own if (own := own_name(name)) in known else name: value for name, value in of.items()}
        for of in (body.parameters, body.texts)
    )
    for name in (*given, *texts):
        if name in arguments:
            continue
        why = _unknown_name(name, known, owner)
        hint = None
        if not known:
            hint = (
                "Declare parameters in the parameters cell of a notebook, or in FILE.nbexec next"
                " to a script or Dockerfile (Dockerfile.nbexec)."
            )
        if not owner:  # the name may be that of a node's parameter
            hint = (
                "To declare it, open the inspector of the workflow in JupyterLab while no node is"
                " selected. Then select it in the menu next to the field of each node that uses"
                " it."
            )
        raise Invalid.field(f"parameters.{name}", why, hint=hint)
    for name, value in {**given, **texts}.items():
        where = f"parameters.{name}"
        if arguments[name].role == "output":
            raise Invalid.field(where, "is an output; its file goes to the store")
        if isinstance(value, str) and len(value) > MAX_TEXT:
            why = f"may have at most {MAX_TEXT:,} characters; use a dataset for more"
            raise TooLarge(
                because("field", path=where, reason=why), details=[Detail.of(where, why)]
            )
    checked = {n: check_value(arguments[n], v, f"parameters.{n}") for n, v in given.items()}
    return checked | {n: parse_value(arguments[n], t, f"parameters.{n}") for n, t in texts.items()}
