"""Creates a workflow from a folder of notebooks and scripts, connected by their files."""

from __future__ import annotations

import ast
import os
import posixpath
import re
import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.domain.attempts.undeclared_files import DeclareFiles
from nbyard.domain.executables.source_files import tree_of
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.workflows.structs import (
    CheckWorkflow,
    ConnectedFiles,
    Document,
    FilesOfWorkflow,
    Meta,
    Node,
    WorkflowCheck,
)
from nbyard.errors import Conflict, Invalid, NotFound
from nbyard.freezing.executable_versions import Freezer, files_of_source
from nbyard.host.project_files import DOCUMENT, ProjectFiles, write_whole
from nbyard.services.executables.undeclared_files import declare_files
from nbyard.transfer.bundles import is_ignored

if TYPE_CHECKING:
    from nbyard.services.service_context import ServiceContext

CODE = (".ipynb", ".py")
DEPTH = 2  # of subfolders that are searched
# Files that people keep beside their code: tests, set-up, copies.
OTHERS = re.compile(
    r"test_\w+\.py|\w+_test\.py|conftest\.py|setup\.py|__\w+__\.py|.*-Copy\d+\.\w+|.* \(\d+\)\.\w+"
)
OTHER_FOLDERS = frozenset(("archive", "backup", "old", "test", "tests"))
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
STARTED = re.compile(r"__name__\s*==")  # a module that is also a script
MOST_NODES = 200
Check = Callable[[CheckWorkflow], WorkflowCheck]


def create_from_files(
    context: ServiceContext, check: Check, asked: FilesOfWorkflow
) -> ConnectedFiles:
    """Write a workflow of code files, declare the files between them and connect them.

    Outputs that no node reads are declared too, as results.

    Raises:
        Invalid: the files contain no notebook or script, or too many.
        Conflict: the workflow file exists.
        NotFound: one of the files does not.
    """
    files = context.files
    chosen = [files.locate(path, "files") for path in asked.files]
    if gone := [path for path in chosen if not path.exists()]:
        raise NotFound(f"There is no {files.shown(gone[0])[:200]}.")
    codes = codes_of(files, chosen)
    if not codes:
        raise Invalid.field("files", "there is no notebook or Python script to run")
    base = Path(os.path.commonpath([path if path.is_dir() else path.parent for path in chosen]))
    target = files.locate(asked.path) if asked.path else base / f"{base.name}{DOCUMENT}"
    if target.exists():
        raise Conflict(f"{files.shown(target)} already exists.")
    nodes: dict[str, Node] = {}
    for code in codes:
        path = posixpath.normpath(os.path.relpath(code, target.parent))
        nodes[_free_id(code, nodes)] = Node("executable", path=path)
    document = Document(1, Meta(str(uuid.uuid4())), nodes)

    def checked(of: Document) -> WorkflowCheck:
        return check(CheckWorkflow(files.shown(target), canonical(msgspec.to_builtins(of))))

    for data in _left_out(files, target.parent, nodes, checked(document)):
        path = posixpath.normpath(os.path.relpath(data, target.parent))
        nodes[_free_id(data, nodes)] = Node("dataset", path=path)
    first = checked(document)
    project = ""
    for name, change in _declarations(first).items():
        body = msgspec.structs.replace(change, path=files.shown(target.parent / nodes[name].path))
        declared = declare_files(context, Freezer(context), body)
        project = declared.project or project
    last = checked(document)
    edges = [proposal.edge() for proposal in last.proposals if proposal.by_file]
    whole = msgspec.structs.replace(
        document,
        edges={f"{e.source}.{e.output}->{e.target}.{e.input}": e for e in edges},
    )
    write_whole(target, canonical(msgspec.to_builtins(whole)).encode())
    passed = {(edge.source, edge.output) for edge in edges}
    results = [
        f"{name}.{argument.name}"
        for name, view in last.nodes.items()
        for argument in view.arguments
        if argument.role == "output" and nodes[name].type == "executable"
        if (name, argument.name) not in passed
    ]
    return ConnectedFiles(files.shown(target), [*nodes], len(edges), results, project)


def codes_of(files: ProjectFiles, chosen: Sequence[Path]) -> list[Path]:
    """Return the chosen code files, and those in the chosen folders that people would run.

    Raises:
        Invalid: there are too many.
    """
    named = [path for path in chosen if path.is_file()]
    found = [path for path in chosen if path.is_dir() for path in _codes_below(files, path)]
    if len(named) + len(found) > MOST_NODES:
        raise Invalid.field("files", f"there are more than {MOST_NODES} notebooks and scripts")
    modules = {
        Path(os.path.normpath(code.parent / module))
        for code in {*named, *found}
        for module in files_of_source(files, code)[1]
    }
    scripts = [
        path
        for path in found
        if not (path in modules or (path.parent / "__init__.py").exists() or _only_defines(path))
        or STARTED.search(path.read_text("utf-8", "replace"))
    ]
    meant = [path for path in scripts if not path.name.startswith("Untitled")]
    return sorted({*named, *(meant or scripts)})


def _only_defines(path: Path) -> bool:
    """Return whether code has functions or classes, and calls nothing outside of them."""
    with suppress(Invalid):
        body = tree_of(path.name, path.read_bytes()).body
        others = [part for part in body if not isinstance(part, DEFINITIONS)]
        calls = (isinstance(node, ast.Call) for part in others for node in ast.walk(part))
        return len(others) < len(body) and not any(calls)
    return False


def _codes_below(files: ProjectFiles, folder: Path) -> list[Path]:
    codes = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        depth = len(here.relative_to(folder).parts)
        folders[:] = [
            name
            for name in folders
            if depth < DEPTH and not name.startswith((".", "_")) and name not in OTHER_FOLDERS
        ]
        codes += [
            here / name
            for name in names
            if name.endswith(CODE) and not name.startswith(".") and not OTHERS.fullmatch(name)
        ]
    return [code for code in codes if not is_ignored(code, files.root, code.name)]


def _free_id(file: Path, taken: Container[str]) -> str:
    """Derive the ID of a node from the name of its file."""
    plain = unicodedata.normalize("NFKD", file.stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"\W+", "_", plain).strip("_")[:50]
    name = stem if stem[:1].isalpha() else f"step_{stem}".rstrip("_")
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name}_{number}"
    return free


def _left_out(
    files: ProjectFiles, folder: Path, nodes: Mapping[str, Node], checked: WorkflowCheck
) -> list[Path]:
    """Return the files that nodes read, but that are left out of the copies of their code."""
    found = {}
    for name, view in checked.nodes.items():
        code = Path(os.path.normpath(folder / nodes[name].path))
        opened = [(f.path, f.role) for f in view.undeclared.files] if view.undeclared else []
        # the files that its own arguments name
        opened += [(a.default, a.role) for a in view.arguments if isinstance(a.default, str)]
        for path, role in opened:
            real = Path(os.path.normpath(code.parent / path))
            is_read = role == "input" and files.has(real) and real.is_file()
            if role == "output":
                found[real] = False
            elif is_read and is_ignored(code, files.root, path):
                found.setdefault(real, True)
    return sorted(real for real, is_data in found.items() if is_data)


def _declarations(checked: WorkflowCheck) -> dict[str, DeclareFiles]:
    """Return the files to declare for each node: those of connections, and results."""
    inputs: dict[str, list[str]] = defaultdict(list)
    outputs: dict[str, list[str]] = defaultdict(list)
    meant = [proposal for proposal in checked.proposals if proposal.by_file]
    for proposal in meant:
        inputs[proposal.target] += filter(None, [proposal.reads])
        outputs[proposal.source] += filter(None, [proposal.writes])
    for name, view in checked.nodes.items():
        written = view.undeclared.files if view.undeclared else []
        outputs[name] += [file.path for file in written if file.role == "output"]
    return {
        name: DeclareFiles("", [*dict.fromkeys(inputs[name])], [*dict.fromkeys(outputs[name])])
        for name in checked.nodes
        if inputs[name] or outputs[name]
    }
