"""Finds errors in the code of notebooks and scripts, and which changed files are code to run."""

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbyard.cli.code_check import NOTEBOOK, syntax_problems
from nbyard.cli.commands.check_reports import Finding, line_of
from nbyard.domain.commands.interpreters import STARTS
from nbyard.domain.executables.structs import Inspect
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.workflows.structs import read_document
from nbyard.errors import NbyardError

WORKFLOW = ".nbflow"
SHEBANG = b"#!"
MAIN = re.compile(rb"^if\s+__name__\s*==", re.MULTILINE)


def code_of(workflow: Path, *, is_checked: bool = False) -> dict[str, Path]:
    """Return the real paths of the files of a workflow, by node.

    With `is_checked`, only those that a run executes as they are: no data, no pinned, muted or
    bypassed nodes.

    Raises:
        NbyardError: the document is refused.
        OSError: the document is not readable.
    """
    nodes = read_document(workflow.read_bytes()).nodes
    if is_checked:
        nodes = {
            key: node
            for key, node in nodes.items()
            if node.type == "executable" and not (node.version or node.pin or node.mode)
        }
    folder = workflow.resolve().parent
    return {
        key: (folder / split_function_path(node.path)[0]).resolve()
        for key, node in nodes.items()
        if node.path
    }


def code_findings(path: Path) -> list[Finding]:
    """Return the syntax errors of a notebook or script. Other files have none.

    Raises:
        NbyardError: the notebook is refused.
        OSError: the file is not readable.
    """
    # A function is named like `steps.py::clean`.
    file = Path(split_function_path(str(path))[0])
    return [
        Finding(
            "syntax",
            problem.reason,
            line=problem.line,
            level="error" if problem.is_certain else "warning",
        )
        for problem in syntax_problems(file.name, file.read_bytes())
    ]


def node_findings(workflow: Path, document: str, refused: Collection[str]) -> Iterator[Finding]:
    """Yield the syntax errors in the code of a workflow, at the lines of its nodes.

    Nodes in `refused` already have a problem.
    """
    for key, path in code_of(workflow, is_checked=True).items():
        if key in refused or path.suffix.lower() not in (NOTEBOOK, *STARTS):
            continue
        findings: list[Finding] = []
        # The check of the workflow names files that are missing or refused.
        with suppress(NbyardError, OSError):
            findings = code_findings(path)
        for finding in findings:
            yield finding._replace(
                text=f"{path.name}: {finding.text}" if path.suffix == NOTEBOOK else finding.text,
                place=key,
                line=line_of(document, key),
            )


def changed_code(
    connection: Any, paths: tuple[Path, ...], workflows: list[Path], changes: set[Path]
) -> Iterator[Path]:
    """Yield the changed notebooks and scripts in folders, except the code of these workflows.

    Modules are yielded too if they cannot be parsed. The check of a workflow includes its code.
    """
    checked = {path.resolve() for path in workflows}
    for workflow in workflows:
        with suppress(NbyardError, OSError):
            if workflow.suffix == WORKFLOW:
                checked |= {*code_of(workflow, is_checked=True).values()}
    for folder in filter(Path.is_dir, paths):
        top = folder.resolve()
        below = (file.relative_to(top) for file in changes - checked if top in file.parents)
        for name in sorted(below):
            is_hidden = any(part.startswith(".") for part in name.parts)
            if not is_hidden and is_executable(connection, folder / name):
                checked.add(top / name)
                yield folder / name


def is_executable(connection: Any, path: Path) -> bool:
    """Return whether a file is a notebook or a script that runs by itself, or is registered.

    A module that only other code imports is none, unless it cannot be parsed.
    """
    suffix = path.suffix.lower()
    if suffix == NOTEBOOK:
        return path.is_file()
    try:
        with path.open("rb") as file:
            start = file.read(len(SHEBANG))
        if start == SHEBANG or suffix not in STARTS:
            return start == SHEBANG
        # Code that cannot be parsed shows no arguments, and also fails where it is imported.
        if MAIN.search(path.read_bytes()) or code_findings(path):
            return True
        inspection = connection.executables.inspect(body=Inspect(str(path.absolute())))
    except (NbyardError, OSError):
        return False
    return bool(inspection.executable or inspection.arguments)
