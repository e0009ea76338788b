"""Checks the run of a trigger when the trigger is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.triggers.structs import TriggerKind
from nbyard.domain.triggers.values import check_types
from nbyard.errors import Detail, Invalid
from nbyard.services.schedules.run_requests import freeze_request, keep_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nbyard.domain.runs.structs import NewRun
    from nbyard.domain.runs.templates import RunTemplate
    from nbyard.freezing.runs.templates import FrozenRequest
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


def freeze_checked(
    parts: ServiceContext, owner: str, run: NewRun, values_from: Mapping[str, str], mode: str
) -> FrozenRequest | None:
    """Check a run, and store the bytes of its files.

    Return None if the run lacks only values of inputs that the event provides.

    Raises:
        Invalid: A field is refused. Its name begins with `run`.
    """
    try:
        return freeze_request(parts, owner, run)
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
    kind: TriggerKind,
    values_from: Mapping[str, str],
    mode: str,
) -> RunTemplate:
    """Store the run template of a trigger, and check that it fits the values of the event.

    Raises:
        Invalid: A value or a reference is refused, or a value is missing.
    """
    template = keep_template(c, frozen)
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
    if missing and kind != "notebook":  # the request that fires the trigger may have them
        why = "a value is needed"
        raise Invalid.fields([Detail.of(f"run.parameters.{name}", why) for name in missing])
    return template
