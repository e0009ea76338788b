"""The schedules of a project file. Fields that the file omits keep their values on the server."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

import msgspec

from nbyard.domain.automations.structs import AutomaticRun, Automation, NewAutomation, Overlap
from nbyard.domain.automations.times.structs import Cron, Interval, Missed, Once, Phrase
from nbyard.domain.automations.times.zones import in_zone, local_time, zone_of
from nbyard.domain.notices.structs import AutomationNotice, NoticeEvent
from nbyard.domain.projects.structs import in_order

# The options of a schedule's run that the file may set.
RUN_OPTIONS = (
    *("executable", "parameters", "runtime", "environment", "kernel", "image"),
    *("priority", "force"),
)
# The fields of a schedule that may be null. TOML has no null, so the file writes false.
OPTIONAL = ("starts_at", "ends_at", "at_most")


class ScheduleEntry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A schedule in a project file. `path` is relative to the project's folder.

    Omitted fields keep the values of the stored schedule; a new schedule gets defaults.
    `notify` are the events that channels report, by the name of the channel.
    """

    when: str
    path: str | msgspec.UnsetType = msgspec.UNSET
    executable: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    zone: str | msgspec.UnsetType = msgspec.UNSET
    starts_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    ends_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    at_most: int | msgspec.UnsetType | None = msgspec.UNSET
    pinned: bool | msgspec.UnsetType = msgspec.UNSET
    overlap: Overlap | msgspec.UnsetType = msgspec.UNSET
    missed: Missed | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET
    runtime: str | msgspec.UnsetType = msgspec.UNSET
    environment: str | msgspec.UnsetType = msgspec.UNSET
    kernel: str | msgspec.UnsetType = msgspec.UNSET
    image: str | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    force: bool | msgspec.UnsetType = msgspec.UNSET
    notify: dict[str, list[NoticeEvent]] | msgspec.UnsetType = msgspec.UNSET


class PushedSchedule(msgspec.Struct, frozen=True):
    """All fields of a schedule that a project file may set, to compare file and server.

    `parameters` include the values that were typed as texts on a command line.
    """

    when: str
    path: str = ""
    executable: str = ""
    parameters: dict[str, Any] = {}
    zone: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    at_most: int | None = None
    pinned: bool = False
    overlap: Overlap = "skip"
    missed: Missed = Missed()
    enabled: bool = True
    runtime: str = ""
    environment: str = ""
    kernel: str = ""
    image: str = ""
    priority: int = 0
    force: bool = True
    notify: dict[str, list[NoticeEvent]] = {}

    @classmethod
    def of(cls, schedule: Automation, folder: str, zone: str) -> Self:
        """Return the fields of a stored automation on times.

        Its path becomes relative to `folder`. `zone` is the time zone of the server. It is left
        out, because it is the default of entries.
        """
        run, on, when = schedule.run, schedule.on, ""
        if isinstance(on, Phrase):
            when = on.text
        elif isinstance(on, Cron):  # a valid phrase
            when = on.expression
        elif isinstance(on, Interval):
            when = f"every {on.seconds} seconds"
        elif isinstance(on, Once):
            when = f"{local_time(on.at, zone_of(schedule.zone)):%Y-%m-%d %H:%M}"
        options = {option: getattr(run, option) for option in RUN_OPTIONS}
        return cls(
            when,
            run.path.removeprefix(f"{folder}/"),
            zone="" if schedule.zone == zone else schedule.zone,
            starts_at=schedule.starts_at,
            ends_at=schedule.ends_at,
            at_most=schedule.at_most,
            pinned=schedule.mode == "pinned",
            overlap=schedule.overlap,
            missed=schedule.missed,
            enabled=schedule.is_enabled,
            notify={entry.channel: in_order(entry.events) for entry in schedule.notify},
            **options | {"parameters": run.parameters | run.texts},
        )

    def with_entry(self, entry: ScheduleEntry, zone: str) -> PushedSchedule:
        """Return these fields, overwritten by the fields that an entry sets.

        `zone` is the time zone of the server. If the entry sets only one of path and executable,
        the other one is cleared.

        Raises:
            Invalid: the time zone does not exist, or the calendar does not have a limit.
        """
        given = _given(entry)
        if ("path" in given) != ("executable" in given):
            given = {"path": "", "executable": ""} | given
        all_fields = msgspec.structs.replace(self, **given)
        known = zone_of(all_fields.zone or zone)
        limits = {
            field: moment and in_zone(moment, known, field)
            for field, moment in {
                "starts_at": all_fields.starts_at,
                "ends_at": all_fields.ends_at,
            }.items()
        }
        path, notify = all_fields.path, all_fields.notify
        return msgspec.structs.replace(
            all_fields,
            when=entry.when.strip(),
            path=posixpath.normpath(path) if path else "",
            zone="" if all_fields.zone == zone else all_fields.zone,
            **limits,
            notify={channel: in_order(events) for channel, events in notify.items()},
        )

    def as_entry(self, pushed: ScheduleEntry | None, zone: str) -> ScheduleEntry:
        """Return the entry that a project file has for these fields, without defaults.

        `pushed` is the entry of the last push. Fields with the same value keep its spelling.
        `zone` is the time zone of the server.
        """
        spelled = _given(pushed) if pushed is not None else {}
        default = PushedSchedule("")
        before = default
        if pushed is not None:
            # Without an offset, a time is of the zone that is written now.
            here = msgspec.structs.replace(pushed, zone=self.zone)
            now = default.with_entry(here, zone)
            before = msgspec.structs.replace(
                default.with_entry(pushed, zone), starts_at=now.starts_at, ends_at=now.ends_at
            )
        entry = {}
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if name in spelled and getattr(before, name) == value:
                entry[name] = spelled[name]
            elif value != getattr(default, name):
                entry[name] = value
        return ScheduleEntry(**entry)

    def new(self, name: str) -> NewAutomation:
        """Return the request that creates a schedule with these fields."""
        options = {option: getattr(self, option) for option in RUN_OPTIONS}
        run = AutomaticRun(path=self.path, **options)
        return NewAutomation(
            run,
            Phrase(self.when),
            name,
            zone=self.zone,
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            at_most=self.at_most,
            mode="pinned" if self.pinned else "follows",
            overlap=self.overlap,
            missed=self.missed,
            is_enabled=self.enabled,
            notify=[AutomationNotice(channel, events) for channel, events in self.notify.items()],
        )


def with_texts(run: AutomaticRun, texts: Mapping[str, str]) -> AutomaticRun:
    """Return the run with its unchanged texts in `texts` instead of `parameters`.

    `texts` are the values that the stored schedule has as texts from a command line. Each run
    parses them as the declared types of their parameters. A parameter with the same text stays
    such a text; all others stay in `parameters`.
    """
    kept = {name: text for name, text in texts.items() if run.parameters.get(name) == text}
    others = {name: value for name, value in run.parameters.items() if name not in kept}
    return msgspec.structs.replace(run, parameters=others, texts=kept)


def without_false(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a project file with null where a schedule has false for no value."""
    schedules = document.get("schedules")
    if not isinstance(schedules, dict):
        return {**document}
    cleaned = {**schedules}
    for name, entry in schedules.items():
        if isinstance(entry, dict):  # TOML has no null
            cleaned[name] = entry | {field: None for field in OPTIONAL if entry.get(field) is False}
    return {**document, "schedules": cleaned}


def _given(entry: ScheduleEntry) -> dict[str, Any]:
    fields = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}
