"""Checks the run of an automation when the automation is saved."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.automations.structs import AutomaticRun, Kind
from nbyard.domain.automations.values import check_types
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Detail, Invalid, NotFound
from nbyard.freezing.runs.templates import FrozenRequest, freeze, store_template
from nbyard.host.project_files import ProjectFiles, file_of
from nbyard.reasons.structs import because
from nbyard.services.requests import fields_below

if TYPE_CHECKING:
    from nbyard.domain.runs.templates import RunTemplate
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


def stored_request(context: ServiceContext, run: AutomaticRun) -> tuple[AutomaticRun, str]:
    """Return a run with the path to store, and the real path of its code ("" for an executable).

    Raises:
        Invalid: A field is refused.
    """
    if isinstance(run.name, str) or run.replace:
        raise Invalid.field("run.name", "runs of automations are numbered, so they have no name")
    if not run.path:
        return run, ""
    real = str(context.files.locate_code(run.path, "run.path"))
    return msgspec.structs.replace(run, path=real), real


def check_file(noun: str, name: str, run: NewRun, path: str) -> None:
    """Check that the file of a stored run exists at its real path.

    Raises:
        NotFound: It does not, so each run of the automation would fail.
    """
    if path and not file_of(Path(path)).is_file():
        command = shlex.join(["nbyard", noun, "update", name, "--file"])
        hint = f"Restore the file, or set the path of another one with `{command} PATH`."
        raise NotFound(because("no-file", path=run.path[:200]), hint=hint)


def run_columns(run: NewRun, path: str, files: ProjectFiles, template_id: str) -> dict[str, Any]:
    """Return the columns of a row that describe the run.

    `template_id` is the template to which the run is pinned, or "".
    """
    return {
        "run": msgspec.to_builtins(run),
        "path": path,
        "root": str(files.root),
        "start": str(files.start),
        "template_id": template_id,
    }


def freeze_checked(
    context: ServiceContext, owner: str, run: NewRun, values_from: Mapping[str, str], mode: str
) -> FrozenRequest | None:
    """Check a run, and store the bytes of its files.

    Return None if the run lacks only values of inputs that the event provides.

    Raises:
        Invalid: A field is refused. Its name begins with `run`.
    """
    try:
        with fields_below("run"):
            return freeze(context, owner, run)
    except Invalid as error:
        open_fields = {f"run.parameters.{name}" for name in values_from}
        refused = {detail.path for detail in error.details}
        # A pinned run is frozen now, with its inputs. Other runs are frozen when the event happens.
        if mode == "pinned" or not refused or not refused <= open_fields:
            raise
        return None


def checked_template(
    c: Connection,
    frozen: FrozenRequest,
    kind: Kind,
    values_from: Mapping[str, str],
    mode: str,
) -> RunTemplate:
    """Store the run template of an automation, and check that it fits the values of the event.

    Raises:
        Invalid: A value or a reference is refused, or a value is missing.
    """
    with fields_below("run"):
        template = store_template(c, frozen)
    content = template.content
    arguments = {argument.name: argument for argument in content.parameters}
    check_types(kind, values_from, arguments)
    for name in values_from:
        if mode == "pinned" and content.main and arguments[name].role == "input":
            raise Invalid.field(
                f"values_from.{name}",
                "an input needs the mode follows, because pinned inputs are frozen",
            )
    missing = [n for n in content.needed if n not in content.values and n not in values_from]
    if missing and kind != "notebook":  # the request that fires the automation may have them
        why = "a value is needed"
        raise Invalid.fields([Detail.of(f"run.parameters.{name}", why) for name in missing])
    return template
