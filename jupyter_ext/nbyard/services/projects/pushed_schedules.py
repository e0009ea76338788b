"""The schedules that a pushed project file defines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from nbyard.domain.automations.structs import AutomationPatch
from nbyard.domain.automations.times.due_times import plan_of_timing
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.environments.references import split_reference
from nbyard.domain.naming.names import check_name
from nbyard.domain.naming.unique_names import check_free, nearest_names
from nbyard.domain.notices.rules import MOST_RULES, check_events
from nbyard.domain.projects.definitions import entry_path
from nbyard.domain.projects.schedule_entries import RUN_OPTIONS, PushedSchedule, with_texts
from nbyard.errors import Detail, Invalid, NameTaken
from nbyard.freezing.pushed_folders import folder_of
from nbyard.host import clock
from nbyard.host.clock import local_zone
from nbyard.host.project_files import ProjectFiles
from nbyard.services.automations.service import AutomationService
from nbyard.services.requests import fields_below

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from pathlib import Path

    from nbyard.domain.callers import Caller
    from nbyard.domain.projects.definitions import ProjectChange
    from nbyard.domain.projects.schedule_entries import ScheduleEntry
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection
    from nbyard.store.automations.queries import AutomationRow

OF_CODE = {"path", "executable"}
OF_RUN = {*RUN_OPTIONS}
OF_TIMING = {"when", "zone", "starts_at", "ends_at"}
OF_ENTRY = {"on.text": "when", "on": "when", "mode": "pinned"}
MOST_SHOWN = 20  # versions
# Fields of an entry that a schedule has too.
SAME = ("zone", "starts_at", "ends_at", "at_most", "overlap", "missed")


def pushed_rows(
    context: ServiceContext, c: Connection, owner: str, project_id: str
) -> dict[str, AutomationRow]:
    """Return the schedules of earlier pushes of a project, by name, with their channels.

    A project file has no automations on events.
    """
    below = context.store.automations.below(c, owner, str(folder_of(context.store, project_id)))
    rows = [row for row in below if row.automation.timing is not None]
    notify = context.store.rules.of_automations(c, [row.automation.id for row in rows])
    rows_by_name = {}
    for row in rows:
        shown = msgspec.structs.replace(row.automation, notify=notify.get(row.automation.id, []))
        rows_by_name[shown.name] = msgspec.structs.replace(row, automation=shown)
    return rows_by_name


def stored_schedules(rows: Mapping[str, AutomationRow]) -> dict[str, PushedSchedule]:
    """Return the fields of stored schedules that a project file may set."""
    zone = local_zone()
    return {name: PushedSchedule.of(row.automation, row.root, zone) for name, row in rows.items()}


def entries_of(
    rows: Mapping[str, AutomationRow], pushed: Mapping[str, ScheduleEntry]
) -> dict[str, ScheduleEntry]:
    """Return stored schedules as entries of a project file.

    `pushed` has the entries of the last push. Fields with the same meaning keep their spelling
    there.
    """
    zone = local_zone()
    stored = stored_schedules(rows)
    return {name: schedule.as_entry(pushed.get(name), zone) for name, schedule in stored.items()}


def wanted_schedules(
    entries: Mapping[str, ScheduleEntry],
    stored: Mapping[str, PushedSchedule],
    files: Container[str],
) -> dict[str, PushedSchedule]:
    """Check the schedules of a project file. Return them with all fields.

    Fields that an entry omits keep their values in `stored`.

    Raises:
        Invalid: A name, a time zone, a path or the events of a channel are refused.
    """
    wanted = {}
    for name, entry in entries.items():
        where = entry_path("schedules", name)
        check_name(name, where)
        with fields_below(where):
            made = stored.get(name, PushedSchedule(entry.when)).with_entry(entry, local_zone())
        if bool(made.path) == bool(made.executable):
            raise Invalid.field(f"{where}.path", "set either a path or an executable")
        if made.path and made.path.partition("::")[0] not in files:
            raise Invalid.field(
                f"{where}.path", f"{made.path[:200]} is not among the files that are sent"
            )
        if len(made.notify) > MOST_RULES:
            raise Invalid.field(f"{where}.notify", f"there may be at most {MOST_RULES} rules")
        for channel, events in made.notify.items():
            check_events(events, entry_path(f"{where}.notify", channel))
        wanted[name] = made
    return wanted


def check_names(
    names: Mapping[str, str], rows: Mapping[str, AutomationRow], wanted: Iterable[str]
) -> None:
    """Check that the names of new schedules in a push are free.

    `names` has all names by ID.

    Raises:
        NameTaken: Another schedule has a similar name. The error's field is `schedules.NAME`.
    """
    own = {row.automation.id for row in rows.values()}
    taken = {key: name for key, name in names.items() if key not in own}
    for name in wanted:
        try:
            check_free(taken, "automation", name)
        except NameTaken as error:
            detail = Detail.of(entry_path("schedules", name), error.reason)
            raise NameTaken(error.reason, hint=error.hint_reason, details=[detail]) from None
        # Neither may two entries of the file have similar names.
        taken[f"schedules.{name}"] = name


def check_environments(
    context: ServiceContext,
    c: Connection,
    owner: str,
    wanted: Mapping[str, PushedSchedule],
    renewed: Container[str],
) -> None:
    """Check that the environments of schedules exist, so that the schedules can run.

    `renewed` has the environments that get a new version by the same push.

    Raises:
        Invalid: An environment or version is unknown. The field is `schedules.NAME.environment`.
    """
    for name, entry in wanted.items():
        reference = entry.environment
        if reference and (why := _missing_environment(context, c, owner, reference, renewed)):
            where = entry_path("schedules", name) + ".environment"
            raise Invalid.field(
                where,
                why,
                hint=(
                    "Create it with nbyard environments create, define it in nbyard.toml, or set"
                    ' another one (environment = "" for none).'
                ),
            )


def _missing_environment(
    context: ServiceContext, c: Connection, owner: str, reference: str, renewed: Container[str]
) -> str | None:
    """Return why an environment could not be used after a push, None if it can be used."""
    rows = context.store.environments
    # A name such as `a@2` may exist itself, so it is tried first.
    if reference in renewed or rows.get(c, owner, reference):
        return None
    bare, number = split_reference(reference)
    environment = rows.get(c, owner, bare)
    if environment is None and bare not in renewed:
        near = nearest_names(rows.names(c, owner).values(), bare)
        return f"there is no environment '{reference[:80]}'; {near}"
    versions = rows.versions(c, environment.id) if environment else []
    numbers = [version.number for version in versions]
    newest = max(numbers, default=0) + (bare in renewed)
    if not number or number in numbers or number == newest:
        return None
    installed = [version.number for version in versions if version.state == "ready"][:MOST_SHOWN]
    if not installed:
        return f"the environment '{bare[:80]}' has no version {number}; none is installed"
    return (
        f"the environment '{bare[:80]}' has no version {number}; installed are:"
        f" {', '.join(map(str, installed))}"
    )


def check_timings(changes: Iterable[ProjectChange], wanted: Mapping[str, PushedSchedule]) -> None:
    """Check the timing of schedules that a push adds or changes.

    Raises:
        Invalid: No time is due, or a field is refused. Its name begins with `schedules.NAME`.
    """
    for change in changes:
        if change.action == "delete" or (change.fields and not OF_TIMING & {*change.fields}):
            continue
        entry = wanted[change.name]
        zone = entry.zone or local_zone()
        with fields_below(entry_path("schedules", change.name), _entry_name):
            plan_of_timing(Phrase(entry.when), zone, entry.starts_at, entry.ends_at, clock.now())


class ScheduleSync:
    """Changes a project's stored schedules to those of its project file.

    `folder` has the pushed files.
    """

    def __init__(self, context: ServiceContext, caller: Caller, folder: Path):
        self._caller = caller
        self._folder = str(folder)
        # Paths in the project file are relative to its own folder, and never lead out of it.
        self._service = AutomationService(replace(context, files=ProjectFiles(folder)))

    def apply(
        self,
        changes: Sequence[ProjectChange],
        wanted: Mapping[str, PushedSchedule],
        present: Mapping[str, AutomationRow],
    ) -> list[str]:
        """Apply the changes: create, change and delete schedules.

        Return the IDs of all schedules. Unchanged schedules get the new folder, too.

        Raises:
            Invalid: A field is refused. Its name begins with `schedules.NAME`.
        """
        by_name = {change.name: change for change in changes}
        # Deletions come first: a new schedule may have a name that looks like a deleted one.
        for name in present.keys() - wanted.keys():
            self._service.delete(self._caller, present[name].automation.id)
        ids = []
        for name, entry in wanted.items():
            change = by_name.get(name)
            with fields_below(entry_path("schedules", name), _entry_name):
                if name not in present:
                    ids.append(self._service.create(self._caller, entry.new(name)).id)
                    continue
                self._change(present[name], entry, {*change.fields} if change else set())
                ids.append(present[name].automation.id)
        return ids

    def _change(self, row: AutomationRow, entry: PushedSchedule, fields: set[str]) -> None:
        new, stored = entry.new(row.automation.name), row.automation.run
        run = with_texts(new.run, stored.texts)
        given: dict[str, Any] = {name: getattr(entry, name) for name in SAME if name in fields}
        if fields & OF_CODE:
            given["run"] = run
        elif fields & OF_RUN or row.root != self._folder:
            # options that no entry has stay
            options = {option: getattr(run, option) for option in ("path", "texts", *RUN_OPTIONS)}
            given["run"] = msgspec.structs.replace(stored, **options)
        if "when" in fields:
            given["on"] = new.on
        if "notify" in fields:
            given["notify"] = new.notify
        if "pinned" in fields:
            given["mode"] = new.mode
        schedule_id = row.automation.id
        if given:
            patch = AutomationPatch(row.automation.revision, **given)
            self._service.update(self._caller, schedule_id, patch)
        if "enabled" in fields:
            switch = self._service.enable if entry.enabled else self._service.disable
            switch(self._caller, schedule_id)


def _entry_name(path: str) -> str:
    """Return the name that an entry in a project file has for a field."""
    return OF_ENTRY.get(path, path.removeprefix("run."))
