"""Checks the runs of schedules when a schedule is saved, and starts them at once on request."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.naming.names import derived_name
from nbyard.domain.naming.unique_names import free_name
from nbyard.domain.runs.origins import Origin
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.schedules.structs import AutomaticRun
from nbyard.errors import Detail, Invalid, NotFound
from nbyard.freezing.pushed_folders import pushed_project
from nbyard.freezing.runs.run_creation import create_run
from nbyard.freezing.runs.schedule_runs import pinned_template
from nbyard.freezing.runs.templates import FrozenRequest, freeze, store_template
from nbyard.host.project_files import ProjectFiles, file_of
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.domain.runs.templates import RunTemplate
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection
    from nbyard.store.schedules.queries import ScheduleRow


def parts_of(parts: ServiceContext, row: ScheduleRow) -> ServiceContext:
    """Return the context in which a schedule's files are found.

    Files of a pushed project are in the store.
    """
    if not pushed_project(parts.store, Path(row.root)):
        return parts
    return replace(parts, files=ProjectFiles(Path(row.root), Path(row.start)))


def stored_request(parts: ServiceContext, run: AutomaticRun) -> tuple[AutomaticRun, str]:
    """Return a run with the path to store, and the real path of its code ("" for an executable).

    Raises:
        Invalid: A field is refused.
    """
    if isinstance(run.name, str) or run.replace:
        raise Invalid.field(
            "run.name", "runs of schedules and triggers are numbered, so they have no name"
        )
    if not run.path:
        return run, ""
    real = str(parts.files.locate_code(run.path, "run.path"))
    return msgspec.structs.replace(run, path=real), real


def check_file(noun: str, name: str, run: NewRun, path: str) -> None:
    """Check that the file of a stored run exists at its real path.

    Raises:
        NotFound: It does not, so each run of the schedule or trigger would fail.
    """
    if path and not file_of(Path(path)).is_file():
        command = shlex.join(["nbyard", noun, "update", name, "--file"])
        hint = f"Restore the file, or set the path of another one with `{command} PATH`."
        raise NotFound(because("no-file", path=run.path[:200]), hint=hint)


def name_of_code(run: NewRun, names: Iterable[str]) -> str:
    """Return a name that is not in `names`, derived from the file or executable of a run."""
    # For a name without a dot, `rpartition` returns the whole name as its last part.
    stem = (run.path or run.executable).rpartition("/")[2].rpartition(".")
    return free_name(names, derived_name(stem[0] or stem[2]))


def run_columns(run: NewRun, path: str, files: ProjectFiles, template_id: str) -> dict[str, Any]:
    """Return the columns of a schedule's or trigger's row that describe the run.

    `template_id` is the template to which the run is pinned, or "".
    """
    return {
        "run": msgspec.to_builtins(run),
        "path": path,
        "root": str(files.root),
        "start": str(files.start),
        "template_id": template_id,
    }


def freeze_request(parts: ServiceContext, owner: str, run: NewRun) -> FrozenRequest:
    """Check a run, and store the bytes of its files.

    Raises:
        Invalid: A field is refused. Its name begins with `run`.
    """
    try:
        return freeze(parts, owner, run)
    except Invalid as error:
        raise _below_run(error) from None


def keep_template(c: Connection, frozen: FrozenRequest) -> RunTemplate:
    """Store the run template of a schedule, trigger or backfill. No run is created.

    Raises:
        Invalid: A value is refused. The name of its field begins with `run`.
    """
    try:
        return store_template(c, frozen)
    except Invalid as error:
        raise _below_run(error) from None


def start_now(parts: ServiceContext, row: ScheduleRow, person: str) -> str:
    """Queue a run of a schedule that a person starts. Return the run's ID."""
    schedule = row.schedule
    frozen = (
        None
        if schedule.mode == "pinned"
        else freeze(parts_of(parts, row), schedule.owner, schedule.run)
    )
    # Freezing reads files, so it happens before this transaction.
    with parts.store.write() as c:
        if frozen is not None:
            template = store_template(c, frozen)
        else:
            template = pinned_template(parts.store, c, row)
        origin = Origin("schedule", schedule.id, person=person)
        made, _ = create_run(parts.store, c, template, origin=origin)
    return made


def _below_run(error: Invalid) -> Invalid:
    details = [Detail(f"run.{d.path}", d.message, d.reason) for d in error.details]
    return Invalid.fields(details, hint=error.hint_reason) if details else error
