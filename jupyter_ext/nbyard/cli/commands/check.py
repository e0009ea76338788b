"""The command `nbyard check`: find problems of files, without running them or on a sample.

Finds errors in the code of notebooks and scripts, and which changed files are code to run.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from nbyard.cli.code_check import NOTEBOOK, syntax_problems
from nbyard.cli.commands.check_reports import (
    Checked,
    Finding,
    fields_of,
    junit_of,
    line_of,
    lines_of,
    sarif_of,
)
from nbyard.cli.commands.runs.check_sample import check_counts, sample_findings
from nbyard.cli.output.console import follow_up, print_note, show_json
from nbyard.cli.output.views.views_by_noun import usual_duration_text
from nbyard.cli.shared_options import connect, json_option
from nbyard.domain.commands.interpreters import STARTS
from nbyard.domain.executables.structs import Inspect, Inspection
from nbyard.domain.inspection.functions import split_function_path
from nbyard.domain.runs.previews.estimates import ForecastRequest
from nbyard.domain.runs.structs import FILES, ROWS, Sample
from nbyard.domain.workflows.structs import CheckWorkflow, NodeView, read_document
from nbyard.errors import Invalid, NbyardError, NotFound
from nbyard.host.git import checked_git
from nbyard.host.project_files import DOCUMENT, replace_atomically

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
            "python-line-invalid",
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
            if workflow.suffix == DOCUMENT:
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


GIT_SECONDS = 60
IMPORTS = ("imports-missing", "imports-missing-in-environment")
OF_MAPS = ("map-forecast", "map-search")
OF_NODES = ("model-packages-missing", *IMPORTS)  # the hints of nodes that are warnings
REPORT = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
STDOUT = Path("-")


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]…")
@click.option(
    "--changed",
    is_flag=False,
    flag_value="HEAD",
    default="",
    metavar="[COMMIT]",
    help="Check only what changed since COMMIT. Default: HEAD.",
)
@click.option(
    "--junit", type=REPORT, metavar="FILE", help="Write JUnit XML; - is the standard output."
)
@click.option(
    "--sarif", type=REPORT, metavar="FILE", help="Write SARIF 2.1.0; - is the standard output."
)
@click.option("--sample", is_flag=True, help="Also run each file on a sample of its data.")
@click.option("--rows", default=ROWS, show_default=True, help="Rows of each table.")
@click.option(
    "--files", "some_files", default=FILES, show_default=True, help="Files of each folder."
)
@json_option
def check(  # noqa: PLR0913, PLR0917  the options are independent
    files: tuple[Path, ...],
    changed: str,
    junit: Path | None,
    sarif: Path | None,
    sample: bool,
    rows: int,
    some_files: int,
    as_json: bool,
) -> None:
    """Check workflows, notebooks and scripts, by default without running them.

    A FOLDER means all workflows in it; without arguments, those of this folder. With --changed, it
    also means its changed notebooks and scripts. The exit code is 1 if a file has errors.

    With --sample, workflows and named files without errors also run on some rows of each table
    and some files of each folder. Such runs are kept out of history and cache.

    \b
    Examples:
      nbyard check
      nbyard check pipeline.nbflow train.ipynb --sarif nbyard.sarif
      nbyard check --changed origin/main --junit report.xml
      nbyard check --sample --rows 500 pipeline.nbflow
    """
    connection = connect("")
    wanted = [*dict.fromkeys(_workflows_below(files or (Path(),)))]
    others: list[Path] = []
    if changed:
        changes = _changes(changed)
        others = [*changed_code(connection, files or (Path(),), wanted, changes)]
        wanted = [path for path in wanted if _is_touched(path, changes)]
    if not (wanted or others):
        print_note("No files to check.")
    checked = [_check(connection, path) for path in wanted]
    if size := check_counts(rows, some_files, sample=sample):
        checked = [_run(connection, file_check, size, quiet=as_json) for file_check in checked]
    # Nobody named these files, so they never run.
    checked += [_check(connection, path) for path in others]
    for target, text in ((junit, junit_of(checked)), (sarif, sarif_of(checked))):
        if target == STDOUT:
            click.echo(text)
        elif target is not None:
            with replace_atomically(target) as file:
                file.write(text.encode())
    if as_json:
        show_json([*map(fields_of, checked)])
    else:
        for line in lines_of(checked):
            click.echo(line, err=STDOUT in (junit, sarif))
    if not all(file_check.is_valid for file_check in checked):
        raise click.exceptions.Exit(1)


def _workflows_below(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if not path.is_dir():
            yield path
            continue
        for folder, subfolders, names in os.walk(path):
            # Hidden folders, such as .ipynb_checkpoints, have older copies of files.
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            yield from (Path(folder, name) for name in sorted(names) if name.endswith(DOCUMENT))


def _check(connection: Any, path: Path) -> Checked:
    try:
        if path.suffix == DOCUMENT:
            content = path.read_bytes()
            document = read_document(content, strict=True)
            text = content.decode()
            body = CheckWorkflow(str(path.absolute()), text)
            answer = connection.workflows.check(body=body)
            findings = [
                Finding(
                    # A refusal in plain text has the code of its class.
                    Invalid.code
                    if problem.reason.code in ("error", "field", "text")
                    else problem.reason.code,
                    str(problem.reason),
                    ".".join(filter(None, (problem.node or problem.edge, problem.field))),
                    line_of(text, problem.node or problem.edge),
                )
                for problem in answer.problems
            ]
            findings += [
                Finding(hint.code, str(hint), name, line_of(text, name), level="warning")
                for name, view in answer.nodes.items()
                for hint in view.hints
                if hint.code in OF_NODES
            ]
            if answer.copy_of:
                why = (
                    f"has the same ID as {answer.copy_of}, so it counts as a copy with separate"
                    " runs. JupyterLab gives it a new ID when you save it"
                )
                findings.append(Finding("workflow-is-copy", why, level="warning"))
            refused = {problem.node for problem in answer.problems}
            findings += node_findings(path, text, refused)
            maps: dict[str, str] = {}
            if not refused and any(node.map for node in document.nodes.values()):
                forecast = connection.runs.forecast(body=ForecastRequest(str(path.absolute())))
                for node in forecast.nodes:
                    if node.reason and node.reason.code in OF_MAPS:
                        texts = str(node.reason), usual_duration_text(node.usual)
                        maps[node.node] = ", ".join(filter(None, texts))
            return _with_environments(Checked(path, findings, maps=maps), answer.nodes)
        inspection = connection.executables.inspect(body=Inspect(str(path.absolute())))
        errors = code_findings(path)
    except OSError:
        return Checked(path, _findings_of(NotFound(f"There is no file {path}.")))
    except NbyardError as error:
        return Checked(path, _findings_of(error))
    known = {error.code for error in errors}
    hints = [
        Finding(hint.code, str(hint), level="warning")
        for hint in inspection.hints
        if hint.code not in known
    ]
    return _with_environments(Checked(path, [*errors, *hints]), {"": inspection})


def _with_environments(
    checked: Checked, nodes: Mapping[str, NodeView] | Mapping[str, Inspection]
) -> Checked:
    """Return a file with the environments of its nodes, and commands for missing packages."""
    environments = {
        name: node.used_environment for name, node in nodes.items() if node.used_environment
    }
    hints = (hint for node in nodes.values() for hint in node.hints if hint.code in IMPORTS)
    commands = dict.fromkeys(follow_up(str(hint.params["command"])) for hint in hints)
    return checked._replace(environments=environments, commands=[*commands])


def _run(connection: Any, checked: Checked, sample: Sample, *, quiet: bool) -> Checked:
    """Run a file without errors on a sample, and add what fails."""
    if not checked.is_valid:
        return checked
    try:
        findings = [*sample_findings(connection, checked.path, sample, quiet=quiet)]
    except NbyardError as error:
        findings = _findings_of(error)
    return checked._replace(findings=[*checked.findings, *findings])


def _findings_of(error: NbyardError) -> list[Finding]:
    details = [Finding(error.code, detail.message, detail.path) for detail in error.details]
    return details or [Finding(error.code, error.message)]


def _changes(commit: str) -> set[Path]:
    """Return the real paths of files that differ from a commit, and of new files."""
    top = Path(_git("rev-parse", "--show-toplevel").rstrip("\n"))
    # A COMMIT such as `--output=x` must not be read as an option of git.
    names = _git("diff", "--name-only", "-z", "--end-of-options", commit)
    # The whole repository, also if the command runs in a folder of it.
    new = _git("ls-files", "--others", "--exclude-standard", "--full-name", "-z", str(top))
    return {top / name for name in f"{names}{new}".split("\0") if name}


def _git(*arguments: str) -> str:
    try:
        return os.fsdecode(checked_git(Path.cwd(), *arguments, seconds=GIT_SECONDS))
    except FileNotFoundError as error:
        message = str(error)
    except subprocess.SubprocessError as error:
        message = os.fsdecode(getattr(error, "stderr", None) or str(error))
    message = message.strip().partition("\n")[0].rstrip(".")
    raise Invalid.field("changed", f"git failed: {message[:300]}.")


def _is_touched(path: Path, changes: set[Path]) -> bool:
    """Return whether a file changed, or a file beside the code of one of its nodes."""
    own = path.resolve()
    if own in changes or path.suffix != DOCUMENT:
        return own in changes
    try:
        code = code_of(path)
    except (NbyardError, OSError):
        return True  # so that the check shows why
    folders = {file.parent for file in code.values()} - {own.parent}
    return any(
        changed_file in code.values() or folders & {*changed_file.parents}
        for changed_file in changes
    )


COMMANDS: tuple[click.Command, ...] = (check,)
