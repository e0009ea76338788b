"""Check runs of the command line: a run on a sample, whose failures are findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from nbyard.cli.commands.check_reports import Finding, line_of
from nbyard.cli.commands.runs.run_watch import Followed, explain_failure
from nbyard.cli.output.clean_streams import COLOURS
from nbyard.cli.output.console import print_note
from nbyard.domain.runs.checks import NewCheckRun
from nbyard.domain.runs.structs import RunDetail, Sample

# In a traceback of IPython, an arrow points to the line of each frame.
ARROW = re.compile(r"^-+>\s*\d+\s(.*)$", re.MULTILINE)
CELL = "Cell In["


def sample_findings(
    connection: Any, path: Path, sample: Sample, *, quiet: bool
) -> Iterator[Finding]:
    """Run a file on a sample, and yield its failures; with `quiet`, print no progress."""
    body = NewCheckRun(
        path=str(path.absolute()), origin="shell", rows=sample.rows, files=sample.files
    )
    made = connection.runs.check_sample(body=body)
    try:
        detail: RunDetail = Followed(connection, made.id).watch(quiet=quiet)
    except KeyboardInterrupt:
        connection.runs.cancel(run=made.id)
        raise
    # Findings point to the node in the document, as those without a run do.
    document = path.read_text()
    failed = [task for task in detail.tasks if task.state == "failed"]
    for task in failed:
        if not quiet:
            explain_failure(made.number, task, "", is_kept=False)
        failure, line = task.failure, line_of(document, task.node)
        if failure is None:
            yield Finding("run-not-succeeded", task.why, task.node, line)
            continue
        cell = f", cell {failure.cell + 1}" if failure.cell is not None else ""
        source = failing_line(failure.traceback)
        text = f"{failure.message} ({source})" if source else failure.message
        yield Finding(failure.reason.code, text, f"{task.node}{cell}", line)
    if detail.run.state != "succeeded" and not failed:
        yield Finding("run-not-succeeded", f"The check run was {detail.run.state}.")
    if not quiet and not failed:
        print_note(f"{path}: the check run {detail.run.state}.")


def failing_line(traceback: str) -> str:
    """Return the line of the notebook at which it failed; empty if the traceback has none."""
    plain = COLOURS.sub("", traceback)
    # Frames of libraries have arrows too. They follow the frame of the cell.
    match = ARROW.search(plain, max(plain.find(CELL), 0))
    return match[1].strip() if match else ""


def check_counts(rows: int, files: int, *, sample: bool) -> Sample | None:
    """Return the sample that the options ask for, None without `--sample`.

    Raises:
        UsageError: a size is given without `--sample`.
    """
    if not sample and (rows, files) != (Sample().rows, Sample().files):
        raise click.UsageError("--rows and --files need --sample.")
    return Sample(rows, files) if sample else None
