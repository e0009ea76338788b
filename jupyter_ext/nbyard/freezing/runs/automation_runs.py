"""Create the runs of automations: from the pinned template, or from the present files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.arguments.structs import parse_value
from nbyard.domain.automations.structs import Fire, FiringRow
from nbyard.domain.runs.origins import Origin
from nbyard.errors import Conflict, NotFound, reason_of
from nbyard.freezing.executable_versions import DryVersions
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.freezing.pushed_folders import is_mirror
from nbyard.freezing.runs.run_creation import create_run, with_values
from nbyard.freezing.runs.templates import FrozenRequest, content_of, freeze, store_template
from nbyard.host.project_files import DOCUMENT, ProjectFiles
from nbyard.reasons.structs import because

if TYPE_CHECKING:
    from nbyard.blobs import Blobs
    from nbyard.domain.automations.backfills import Backfill
    from nbyard.domain.runs.structs import NewRun
    from nbyard.domain.runs.templates import RunTemplate, TemplateContent
    from nbyard.settings import Settings
    from nbyard.store import Connection, Store
    from nbyard.store.automations.queries import AutomationRow

NOTHING = Fire()


def freeze_automation(
    settings: Settings, store: Store, blobs: Blobs, row: AutomationRow, given: Fire = NOTHING
) -> FrozenRequest | None:
    """Freeze the present files for a run of an automation; return None for a pinned one.

    `given` are the values from the event.

    Raises:
        Conflict: a file cannot be read.
        NotFound: a file does not exist, or the mirror of the user's files lacks it.
    """
    automation = row.automation
    if automation.mode == "pinned":
        return None
    files = ProjectFiles(Path(row.root), Path(row.start))
    stored = automation.run
    run = stored if _takes_values_later(stored) else with_event_values(stored, given)
    try:
        return freeze(FreezingContext(settings, store, blobs, files), automation.owner, run)
    except NotFound as error:
        if error.reason.code != "no-file" or not is_mirror(store, files.root):
            raise
        path = files.without_root(error.reason.params["path"])
        raise NotFound(because("no-file-in-mirror", path=path)) from None
    except OSError as error:
        raise Conflict(reason_of(error)) from error


def check_fired(
    settings: Settings, store: Store, blobs: Blobs, row: AutomationRow, given: Fire
) -> None:
    """Check the values of an event before the firing is stored.

    Raises:
        NotFound: a file of the automation does not exist.
        Conflict: a file cannot be read.
        Invalid: a value is refused, or its parameter does not exist.
    """
    with blobs.without_collection():
        frozen = freeze_automation(settings, store, blobs, row, given)
    with store.read() as c:
        if frozen is not None:
            content = content_of(c, frozen, DryVersions(store).follow)
        elif template := store.templates.get(c, row.automation.owner, row.template_id):
            content = template.content
        else:
            return  # the dispatcher records the missing template
    if frozen is None or _takes_values_later(row.automation.run):
        with_values(content, _fired_values(content, given))


def create_automation_run(
    store: Store,
    c: Connection,
    row: AutomationRow,
    firing: FiringRow,
    frozen: FrozenRequest | None,
    *,
    person: str = "",
) -> str:
    """Queue the run of a due time or event, unless it exists; return its ID.

    `frozen` is the result of `freeze_automation`. `person` is the user who fired the automation.
    """
    automation, fired = row.automation, firing.firing
    template = template_of(store, c, row, frozen)
    cause = (fired.due_at, fired.cause, firing.chain)
    later = frozen is None or _takes_values_later(automation.run)
    made, _ = create_run(
        store,
        c,
        template,
        submission_key=f"automation:{automation.id}:{firing.event_key}",
        origin=Origin("automation", automation.id, *cause, person=person),
        values=_fired_values(template.content, firing.given) if later else None,
    )
    return made


def create_backfill_run(
    store: Store, c: Connection, template: RunTemplate, backfill: Backfill, due: datetime
) -> str:
    """Queue the run of a backfill for a past due time, unless it exists; return its ID."""
    made, _ = create_run(
        store,
        c,
        template,
        submission_key=f"backfill:{backfill.id}:{due.astimezone(UTC).isoformat()}",
        origin=Origin("backfill", backfill.automation_id, due, backfill_id=backfill.id),
    )
    return made


def template_of(
    store: Store, c: Connection, row: AutomationRow, frozen: FrozenRequest | None
) -> RunTemplate:
    """Return the template of the frozen files; without them, the one that was pinned.

    Raises:
        NotFound: the pinned template was deleted.
    """
    if frozen is not None:
        return store_template(c, frozen)
    template = store.templates.get(c, row.automation.owner, row.template_id)
    if template is None:
        raise NotFound(because("no-template"))
    return template


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
    return run.path.endswith(DOCUMENT)
