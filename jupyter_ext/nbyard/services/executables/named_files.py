"""Finds the files that the code of nodes names in its source, before it has run."""

from __future__ import annotations

import contextlib
import os
import posixpath
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.arguments.bindings import File
from nbyard.domain.arguments.structs import Role
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.attempts.undeclared_files import KINDS
from nbyard.domain.executables.source_files import ANY_FILE, source_files
from nbyard.domain.workflows.structs import Node, NodeView
from nbyard.errors import NbyardError
from nbyard.freezing.node_resolution import Resolver
from nbyard.host.project_files import ProjectFiles, file_of
from nbyard.transfer import bundles

if TYPE_CHECKING:
    from nbyard.store.runs.past_results import NodeFileAccess


def named_files(
    resolver: Resolver, nodes: Mapping[str, Node], views: Mapping[str, NodeView]
) -> dict[str, NodeFileAccess]:
    """Return the files that the source of each node names, by node.

    A loop over a folder reads the files that other nodes write there.
    """
    from nbyard.store.runs.past_results import NodeFileAccess

    files = resolver.context.files
    read = cache(lambda code: _files_of(files, code))  # many nodes share a file
    codes = {}
    for name, node in nodes.items():
        view = views[name]
        if node.type == "executable" and view.kind in KINDS and not (view.problem or node.pin):
            loaded = resolver.code(node)
            if loaded is not None and loaded.path is not None:
                codes[name] = file_of(loaded.path)
    written = {
        os.path.normpath(code.parent / path)
        for code in codes.values()
        for path, roles in read(code).items()
        if "output" in roles
    }
    found = {}
    for name, code in codes.items():
        own = {
            path: roles
            for pattern, roles in read(code).items()
            for path in _matching(code.parent, pattern, written)
        }
        place = code.relative_to(project_of(files, code, own)).as_posix()
        inputs = [File(path).place(place) for path, roles in own.items() if roles == {"input"}]
        outputs = [File(path).place(place) for path, roles in own.items() if "output" in roles]
        found[name] = NodeFileAccess(
            node=name,
            executable_id=views[name].executable,
            name=views[name].name,
            path=str(code),
            kind=views[name].kind,
            file=place,
            is_apart=False,
            observed=Observed(inputs, written=outputs),
        )
    return found


def project_of(files: ProjectFiles, code: Path, paths: Iterable[str]) -> Path:
    """Return the project folder of a code file; without one, that of the code and its files.

    `paths` are relative to the folder of the code.
    """
    project = bundles.project_of(code, files.root)
    if project is None:
        folders = [Path(os.path.normpath(code.parent / path)).parent for path in paths]
        project = Path(os.path.commonpath([code.parent, *folders]))
        if not files.has(project) or project in bundles.no_projects(code):
            return code.parent
    return project


def _files_of(files: ProjectFiles, code: Path) -> dict[str, set[Role]]:
    """Return the files that a code file names, none if it is not Python."""
    content = _content(files, code)
    if content is None:
        return {}
    return source_files(code.name, content, lambda path: _content(files, code.parent / path))


def local_modules(files: ProjectFiles, code: Path) -> set[Path]:
    """Return the local modules that a Python file imports."""
    modules: set[Path] = set()

    def read(path: str) -> bytes | None:
        real = Path(os.path.normpath(code.parent / path))
        content = _content(files, real)
        if content is not None:
            modules.add(real)
        return content

    source_files(code.name, _content(files, code) or b"", read)
    return modules


def _content(files: ProjectFiles, path: Path) -> bytes | None:
    real = Path(os.path.normpath(path))
    with contextlib.suppress(NbyardError, OSError):
        return files.content(real) if files.has(real) else None
    return None


def _matching(folder: Path, pattern: str, written: Iterable[str]) -> list[str]:
    """Return a path, or the written files that it matches if it is a pattern."""
    if ANY_FILE not in pattern:
        return [pattern]
    whole = os.path.normpath(folder / pattern)
    places = sorted(path for path in written if fnmatchcase(path, whole))
    return [posixpath.relpath(path, folder) for path in places if ANY_FILE not in path]
