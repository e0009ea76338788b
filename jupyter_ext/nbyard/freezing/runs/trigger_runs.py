"""Create the runs of triggers: from the pinned template, or from the present files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.arguments.structs import parse_value
from nbyard.domain.runs.origins import Origin
from nbyard.errors import Conflict, NotFound, reason_of
from nbyard.freezing.dry_versions import DryVersions
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.freezing.runs.run_creation import create_run, with_values
from nbyard.freezing.runs.templates import (
    WORKFLOW,
    FrozenRequest,
    content_of,
    freeze,
    store_template,
)
from nbyard.host.project_files import ProjectFiles

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.domain.runs.structs import NewRun
    from nbyard.domain.runs.templates import TemplateContent
    from nbyard.domain.triggers.structs import Fire
    from nbyard.settings import Settings
    from nbyard.store import Connection, Store
    from nbyard.store.triggers.firings import FiringRow
    from nbyard.store.triggers.queries import TriggerRow


def freeze_fired(
    settings: Settings, store: Store, blobs: Blobs, row: TriggerRow, given: Fire
) -> FrozenRequest | None:
    """Freeze the present files for a run of a trigger; return None for a pinned trigger.

    `given` are the values from the event.

    Raises:
        Conflict: a file cannot be read.
    """
    trigger = row.trigger
    if trigger.mode == "pinned":
        return None
    files = ProjectFiles(Path(row.root), Path(row.start))
    run = trigger.run if _takes_values_later(trigger.run) else with_event_values(trigger.run, given)
    try:
        return freeze(FreezingContext(settings, store, blobs, files), trigger.owner, run)
    except OSError as error:
        raise Conflict(reason_of(error)) from error


def check_fired(
    settings: Settings, store: Store, blobs: Blobs, row: TriggerRow, given: Fire
) -> None:
    """Check the values of an event before the firing is stored.

    Raises:
        NotFound: a file of the trigger does not exist.
        Conflict: a file cannot be read.
        Invalid: a value is refused, or its parameter does not exist.
    """
    with blobs.without_collection():
        frozen = freeze_fired(settings, store, blobs, row, given)
    with store.read() as c:
        if frozen is not None:
            content = content_of(c, frozen, DryVersions(store).follow)
        elif template := store.templates.get(c, row.trigger.owner, row.template_id):
            content = template.content
        else:
            return  # the dispatcher records the missing template
    if frozen is None or _takes_values_later(row.trigger.run):
        with_values(content, _fired_values(content, given))


def create_fired_run(
    store: Store, c: Connection, row: TriggerRow, firing: FiringRow, frozen: FrozenRequest | None
) -> str:
    """Queue the run of a firing, unless it exists; return its ID.

    Raises:
        NotFound: the template of the trigger was deleted.
    """
    trigger = row.trigger
    template = (
        store.templates.get(c, trigger.owner, row.template_id)
        if frozen is None
        else store_template(c, frozen)
    )
    if template is None:
        raise NotFound("The frozen files of the trigger are gone; save the trigger again")
    later = frozen is None or _takes_values_later(trigger.run)
    values = _fired_values(template.content, firing.given) if later else None
    made, _ = create_run(
        store,
        c,
        template,
        submission_key=f"trigger:{trigger.id}:{firing.event_key}",
        origin=Origin("trigger", trigger.id, cause=firing.firing.cause, chain=firing.chain),
        values=values,
    )
    return made


def with_event_values(run: NewRun, given: Fire) -> NewRun:
    """Return a request for a run; values of the event replace its own values."""
    names = given.parameters.keys() | given.texts.keys()
    parameters, texts = (
        {name: value for name, value in own.items() if name not in names} | more
        for own, more in ((run.parameters, given.parameters), (run.texts, given.texts))
    )
    return msgspec.structs.replace(run, parameters=parameters, texts=texts)


def _fired_values(content: TemplateContent, given: Fire) -> dict[str, Any]:
    """Return the values of an event by name, with texts parsed as the declared types."""
    known = {argument.name: argument for argument in content.parameters}
    return given.parameters | {
        name: parse_value(known[name], text, f"parameters.{name}") if name in known else text
        for name, text in given.texts.items()
    }


def _takes_values_later(run: NewRun) -> bool:
    """Return whether the values of events are set after freezing, as for workflows.

    One template then serves all runs. For a single executable, values are set before, because its
    inputs are frozen with the template.
    """
    return run.path.endswith(WORKFLOW)
