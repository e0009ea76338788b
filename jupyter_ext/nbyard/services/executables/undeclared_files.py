"""Finds files that code opens without declaring them: by its last run, else by its source."""

from __future__ import annotations

import fnmatch
import os
import posixpath
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Argument, check_arguments
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.attempts.undeclared_files import (
    KINDS,
    MOST,
    DeclaredFiles,
    DeclareFiles,
    NodeFileAccess,
    OpenedFile,
    Undeclared,
    check_files,
    find_undeclared,
    free_name,
    no_files,
    parameters_at,
)
from nbyard.domain.executables.nbexec_files import Description, description_file
from nbyard.domain.executables.source_files import ANY_FILE
from nbyard.domain.file_formats import format_of
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.projects.definitions import FILE as PROJECT_FILE
from nbyard.domain.workflows.structs import Node, NodeView
from nbyard.errors import Invalid
from nbyard.freezing.executable_versions import files_of_source
from nbyard.freezing.node_resolution import Resolver
from nbyard.host.project_files import ProjectFiles, file_of, write_whole
from nbyard.reasons.structs import because
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from nbyard.domain.arguments.structs import Role
    from nbyard.freezing.executable_versions import Freezer
    from nbyard.freezing.freezing_context import FreezingContext
    from nbyard.services.service_context import ServiceContext


def opened_files_of_nodes(
    resolver: Resolver, place: str, nodes: Mapping[str, Node], views: Mapping[str, NodeView]
) -> dict[str, Undeclared]:
    """Return which files each node opened in its last successful run and does not declare now.

    For nodes that never ran, these are the files that their source names. `place` is the stored
    path of the workflow, empty for one that never ran.
    """
    context = resolver.context
    with context.store.read() as c:
        last = context.store.history.opened_files(c, resolver.owner, place)
    opened_by_node, unseen = {}, {}
    for name, node in nodes.items():
        # A pinned node does not run its code, so declarations would not matter.
        if node.type != "executable" or views[name].problem or node.pin:
            continue
        opened = last.get(name)
        # The document may have changed since that run: show only nodes that still name its code.
        if opened and node.path:
            is_same = posixpath.basename(node.path) == posixpath.basename(opened.path)
        else:
            is_same = opened is not None and node.executable in (opened.executable_id, opened.name)
        if opened and is_same:
            opened_by_node[name] = opened
        else:
            unseen[name] = node
    undeclared_by_node = {}
    for name, opened in (opened_by_node | _named_files(resolver, unseen, views)).items():
        undeclared = undeclared_files_of(
            context, opened, views[name].arguments, is_pinned=bool(nodes[name].version)
        )
        if undeclared:
            undeclared_by_node[name] = undeclared
    return undeclared_by_node


def _named_files(
    resolver: Resolver, nodes: Mapping[str, Node], views: Mapping[str, NodeView]
) -> dict[str, NodeFileAccess]:
    """Return the files that the source of each node names, by node.

    A loop over a folder reads the files that other nodes write there.
    """
    files = resolver.context.files
    read = cache(lambda code: files_of_source(files, code)[0])  # many nodes share a file
    codes = {}
    for name, node in nodes.items():
        if views[name].kind in KINDS:
            loaded = resolver.code(node)
            if loaded is not None and loaded.path is not None:
                codes[name] = file_of(loaded.path)
    written = {
        os.path.normpath(code.parent / path)
        for code in codes.values()
        for path, roles in read(code).items()
        if "output" in roles and ANY_FILE not in path
    }
    observed_by_code: dict[Path, tuple[str, Observed, frozenset[str]]] = {}
    for code in {*codes.values()}:
        own: dict[str, set[Role]] = {}
        for pattern, roles in read(code).items():
            whole = os.path.normpath(code.parent / pattern)
            is_pattern = ANY_FILE in pattern
            paths = sorted(fnmatch.filter(written, whole)) if is_pattern else [whole]
            own |= {os.path.relpath(path, code.parent): roles for path in paths}
        place = code.relative_to(_project_of(files, code, own)).as_posix()
        inputs = [File(path).place(place) for path, roles in own.items() if "input" in roles]
        outputs = [File(path).place(place) for path, roles in own.items() if "output" in roles]
        both = frozenset({*inputs} & {*outputs})
        observed_by_code[code] = place, Observed(inputs, written=outputs), both
    found = {}
    for name, code in codes.items():
        view, (place, observed, both) = views[name], observed_by_code[code]
        of = (name, view.executable, view.name, str(code), view.kind, place)
        found[name] = NodeFileAccess(*of, False, observed, both)
    return found


def _project_of(files: ProjectFiles, code: Path, paths: Iterable[str]) -> Path:
    """Return the project folder of a code file; without one, that of the code and its files.

    `paths` are relative to the folder of the code.
    """
    project = bundles.project_of(code, files.root)
    if project is None:
        folders = [Path(os.path.normpath(code.parent / path)).parent for path in paths]
        project = Path(os.path.commonpath([code.parent, *folders]))
        if not files.has(project) or Path.home().is_relative_to(project):
            return code.parent
    return project


def undeclared_files_of(
    context: FreezingContext,
    opened: NodeFileAccess,
    arguments: list[Argument],
    *,
    is_pinned: bool = False,
) -> Undeclared | None:
    """Return the undeclared files of a task, and why they cannot be declared, if so.

    Return None if all files are declared.
    """
    if opened.kind not in KINDS:
        return None
    files = find_undeclared(opened.observed, opened.file, arguments, opened.in_place)
    if not files:
        return None
    real = Path(opened.path)
    code = context.files.shown(real) if opened.path and context.files.has(real) else ""
    problem = no_files(opened.kind, is_apart=opened.is_apart)
    if problem is None and not code:
        problem = because("code-uploaded")
    elif problem is None and is_pinned:
        problem = because("node-pinned")
    elif problem is None and len(files) > MOST:
        problem = because("too-many-files-to-declare", most=MOST)
    return Undeclared(code, files[:MOST], problem)


def seen_of(context: ServiceContext, owner: str, opened: NodeFileAccess) -> Undeclared:
    """Return the undeclared files of one task, compared with what its code declares now."""
    resolver = Resolver(context, owner, "")
    node = Node("executable", executable=opened.executable_id)
    arguments = resolver.view(node).arguments
    return undeclared_files_of(context, opened, arguments) or Undeclared("")


def declare_files(context: ServiceContext, freezer: Freezer, body: DeclareFiles) -> DeclaredFiles:
    """Declare files as arguments in the description file of code, or remove such arguments.

    If an argument already declares a file, it is returned as added.

    Raises:
        Invalid: nbyard cannot put a file there, or the argument to remove does not exist.
    """
    code = freezer.load(body.path)
    assert code.path is not None
    kind, reading, _ = freezer.read(code)
    opens_files = body.inputs or body.outputs or body.remove
    if opens_files and (problem := no_files(kind.name, is_apart=reading.invocation.apart)):
        raise Invalid.field("path", problem)
    description = code.description or Description()
    own = {
        a.name: a
        for a in description.arguments or ()
        if isinstance(a.reach, File) or (kind.keeps_arguments and a.role != "value")
    }
    if unknown := [name for name in body.remove if name not in own]:
        raise Invalid.field("remove", f"'{unknown[0][:80]}' is not a declared file")

    def described(arguments: list[Argument]) -> Description:
        # An empty list would declare that the code has no arguments. None keeps those of the code.
        return msgspec.structs.replace(description, arguments=(*arguments,) or None)

    left = _without(description.arguments or (), body.remove)
    _, reading, _ = freezer.read(msgspec.structs.replace(code, description=described(left)))
    known = [*reading.arguments]
    added = [
        *(_declare(path, "input", left, known) for path in body.inputs),
        *(_declare(path, "output", left, known) for path in body.outputs),
    ]
    if body.classes:
        _classify(body.classes, left, known, keeps_list=kind.keeps_arguments)
    changed = described(left)
    _, reading, _ = freezer.read(msgspec.structs.replace(code, description=changed))
    # Check the new description before it is written.
    check_arguments(reading.arguments)
    project = _checked_project(context.files, file_of(code.path), kind.name, reading.arguments)
    target = code.path.with_name(description_file(code.path.name))
    if changed == Description():
        target.unlink(missing_ok=True)
    else:
        write_whole(target, changed.text().encode())
    if project is not None:
        (project / PROJECT_FILE).touch()
    shown, removed = context.files.shown, [own[name] for name in body.remove]
    return DeclaredFiles(shown(target), added, removed, shown(project) if project else "")


def _checked_project(
    files: ProjectFiles, code: Path, kind: str, arguments: Sequence[Argument]
) -> Path | None:
    """Check the places of declared files. Return the folder that must become a project, if any.

    Runs of code without a project have only its own folder, not `../data`.

    Raises:
        Invalid: nbyard cannot put a file there.
    """
    paths = [argument.reach.path for argument in arguments if isinstance(argument.reach, File)]
    base = _project_of(files, code, paths)
    check_files(kind, code.relative_to(base).as_posix(), arguments)
    return None if base == code.parent or bundles.is_project(base) else base


def _without(described: Iterable[Argument], names: Iterable[str]) -> list[Argument]:
    """Return the arguments of a description without declared files of these names.

    A parameter becomes a value again, with the other fields of its description.
    """
    removed = {*names}
    left = [a for a in described if a.name not in removed]
    values = [
        msgspec.structs.replace(a, role="value", format="")
        for a in described
        if a.name in removed and not isinstance(a.reach, File)
    ]
    return [*left, *(value for value in values if value != Argument(value.name))]


def _classify(
    classes: Mapping[str, Any],
    described: list[Argument],
    known: list[Argument],
    *,
    keeps_list: bool,
) -> None:
    """Set the classes of outputs in a description. `known` are all arguments of the code."""
    outputs = {argument.name: argument for argument in known if argument.role == "output"}
    if unknown := sorted(classes.keys() - outputs):
        raise Invalid.field(f"classes.{unknown[0]}", "there is no such output")
    if not keeps_list and all(isinstance(a.reach, File) for a in described):
        described[:] = known  # otherwise the description would drop the other arguments
    names = [argument.name for argument in described]
    described += [outputs[name] for name in classes if name not in names]
    described[:] = [
        msgspec.structs.replace(a, output_class=classes.get(a.name, a.output_class))
        for a in described
    ]


def _declare(path: str, role: Role, described: list[Argument], known: list[Argument]) -> Argument:
    """Return the argument that declares a file. If it is new, add it to both lists.

    `described` are the arguments of the description, and `known` all arguments of the code. A
    parameter with this path as its default becomes the input or output.
    """
    plain = posixpath.normpath(path)
    for argument in described:
        if argument.role == role and argument.reach == File(path):
            return argument
    if there := parameters_at(known, role).get(plain):
        return there
    parameter = parameters_at(known).get(plain)
    if parameter is None:
        name = free_name(path, {argument.name for argument in known})
        new = change = OpenedFile(path, role, name, format_of(path)).argument()
    else:
        name, fields = parameter.name, {"role": role, "format": format_of(path)}
        before = [argument for argument in described if argument.name == name]
        change = msgspec.structs.replace(*(before or [Argument(name)]), **fields)
        new = msgspec.structs.replace(parameter, **fields)
    described[:] = [*(other for other in described if other.name != name), change]
    known[:] = [*(other for other in known if other.name != name), new]
    return new


def folder_of(resolver: Resolver, node: Node, view: NodeView) -> str:
    """Return the folder of a node's code below the root, "" for a node without a file."""
    path = posixpath.join(resolver.base, node.path) if node.path else ""
    # A pinned node is shown even if its executable was deleted.
    if node.type == "executable" and not (path or node.pin or view.problem):
        real, files = Path(resolver.registered(node).path), resolver.context.files
        path = files.shown(real) if files.has(real) else ""
    if not path:
        return ""
    file = posixpath.join("/", split_function_path(path).file)
    return posixpath.dirname(posixpath.normpath(file))
