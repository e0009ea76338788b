"""Reads workflows of NB Workflows: a notebook with its values, limits and schedule."""

import uuid
from collections.abc import Container
from typing import Any

import msgspec

from nbyard.domain.naming.names import check_name, safe_filename
from nbyard.domain.notices.structs import NoticeEvent
from nbyard.domain.parsing.canonical_json import canonical
from nbyard.domain.projects.notifications import NotificationEntry
from nbyard.domain.projects.schedule_entries import ScheduleEntry
from nbyard.domain.schedules.cron import LEAST_SECONDS, parse_cron
from nbyard.errors import Invalid
from nbyard.importers.nb_workflows.yaml_fields import Fields
from nbyard.reasons.structs import because

FOLDERS = ("", "workflows/", "notebooks/")
SIX = 6
# The time limit without a field.
SECONDS = 10_800
# Its schedules have no time zone of their own.
ZONE = "UTC"
WORKFLOW = ("alias", "nbtask", "enabled", "wfid", "jobid", "schedule")
TASK = ("nb_name", "params", "runtime", "description", "timeout", "gpu_support")
PLACES = (
    *("version", "machine", "cluster", "docker_name", "docker_version"),
    *("remote_input", "remote_output"),
)
NOTIFICATIONS: dict[str, NoticeEvent] = {
    "notifications_ok": "succeeded",
    "notifications_fail": "failed",
}
TIMING = ("start_in_min", "repeat", "cron", "interval", "enabled")


class ReadWorkflow(msgspec.Struct, frozen=True):
    """The path and text of a workflow document, its schedule, and its notice rules by channel."""

    path: str
    text: str
    schedule: ScheduleEntry | None
    notifications: dict[str, NotificationEntry]


def read_workflow(
    alias: str, fields: Fields, paths: Container[str], runtimes: Container[str]
) -> ReadWorkflow | None:
    """Return a workflow of NB Workflows as a document, None if its notebook does not exist.

    `paths` has the notebooks, `runtimes` the environments of the project.
    """
    own = (*TASK, *PLACES, *NOTIFICATIONS)
    # The first files of version 0.2 have one level.
    is_flat = "nbtask" not in fields
    task = fields if is_flat else fields.below("nbtask")
    fields.leave_out_others((*WORKFLOW, *own) if is_flat else WORKFLOW)
    task.leave_out(PLACES)
    if not is_flat:
        task.leave_out_others((*own, "enabled"))
    name = task.text("nb_name")
    path = _notebook(name, paths)
    if not path:
        place = f"{task.place}.nb_name"
        missing = because("import-no-value", place=place)
        unknown = because("import-no-notebook", place=place, name=name[:200])
        fields.left.append(unknown if name else missing)
        return None
    node = _node(task, path, runtimes)
    # The same file always gives the same document, so that a second conversion changes nothing.
    known = (
        fields.text("wfid")
        or fields.text("jobid")
        or str(uuid.uuid5(uuid.NAMESPACE_URL, f"nb-workflows:{alias}"))
    )
    meta = {"id": known, "title": alias}
    if description := task.text("description"):
        meta["description"] = description
    document = {"version": 1, "meta": meta, "nodes": {"main": node}}
    file = f"{safe_filename(alias)}.nbflow"
    notifications = _notifications(task, file)
    schedule = _schedule(fields, task, file)
    return ReadWorkflow(file, canonical(document), schedule, notifications)


def _notifications(task: Fields, file: str) -> dict[str, NotificationEntry]:
    """Return the notice rules for the runs of a file, by channel.

    Services become channels.
    """
    events: dict[str, list[NoticeEvent]] = {}
    for field, event in NOTIFICATIONS.items():
        for name in task.texts(field):
            events.setdefault(check_name(name, f"{task.place}.{field}"), []).append(event)
    return {name: NotificationEntry(chosen, file) for name, chosen in events.items()}


def _node(task: Fields, path: str, runtimes: Container[str]) -> dict[str, Any]:
    """Return the workflow node for a notebook, with its values and limits."""
    node: dict[str, Any] = {"type": "executable", "path": path}
    if params := task.entries("params"):
        node["arguments"] = {key: {"value": value} for key, value in params.items()}
    node["timeout_seconds"] = task.number("timeout") or SECONDS
    if task.flag("gpu_support"):
        node["gpu"] = 1
    if runtime := task.text("runtime"):
        if runtime in runtimes:
            node["environment"] = runtime
        else:
            place = f"{task.place}.runtime"
            task.left.append(because("import-no-runtime", place=place, value=runtime[:80]))
    return node


def _notebook(name: str, paths: Container[str]) -> str:
    """Return the path of the notebook `name`, which may lack its folder and suffix.

    Return "" if missing.
    """
    if not name:
        return ""
    candidates = (f"{folder}{name}{suffix}" for folder in FOLDERS for suffix in ("", ".ipynb"))
    return next((candidate for candidate in candidates if candidate in paths), "")


def _schedule(fields: Fields, task: Fields, file: str) -> ScheduleEntry | None:
    """Return the schedule of a workflow.

    Cron has precedence over an interval, and an interval over a start. The others are left out.
    """
    timing = fields.below("schedule")
    timing.leave_out_others(TIMING)
    if cron := timing.text("cron"):
        when = _cron(cron, timing)
        timing.leave_out(("interval", "start_in_min"), "import-other-timing", used="cron")
    elif "interval" in timing:
        when = _interval(timing)
        timing.leave_out(("start_in_min",), "import-other-timing", used="interval")
    else:
        minutes = timing.number("start_in_min")
        when = f"in {minutes} minutes" if minutes else ""
    if not when:
        return None
    # What the file leaves out keeps the value that a schedule has on the server.
    given: dict[str, Any] = {}
    if "repeat" in timing:
        repeat = timing.number("repeat")
        if repeat is not None:
            given["at_most"] = repeat if repeat > 0 else None
    if sources := [source for source in (fields, task, timing) if "enabled" in source]:
        given["enabled"] = all(source.flag("enabled") for source in sources)
    # A limit that cannot be read is no permission to run for ever.
    if timing.value("repeat") is not None and "at_most" not in given:
        given["enabled"] = False
    return ScheduleEntry(when, file, zone=ZONE, **given)


def _interval(timing: Fields) -> str:
    """Return the times of an interval in seconds, "" if it is refused."""
    interval = timing.number("interval")
    if interval is None:
        return ""
    if interval < LEAST_SECONDS:
        why = f"at least {LEAST_SECONDS} seconds must lie between due times"
        timing.leave_out(("interval",), "import-bad-value", why=why)
        return ""
    return f"every {interval} seconds"


def _cron(text: str, timing: Fields) -> str:
    """Return a cron expression in nbyard's form, "" if it is refused."""
    fields = text.split()
    # The seconds are the last of six fields there, and the first here.
    when = " ".join([fields[-1], *fields[:-1]] if len(fields) == SIX else fields)
    try:
        parse_cron(when)
    except Invalid as error:
        timing.leave_out_value("cron", text, error.details[0].why)
        return ""
    return when
