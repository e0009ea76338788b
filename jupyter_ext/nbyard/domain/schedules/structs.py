"""Schedules: a run to create, its due times, and the record of each due time."""

from datetime import datetime
from typing import Literal

import msgspec

from nbyard.domain.notices.structs import ScheduleNotice
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.state_machines import RunState
from nbyard.reasons.structs import Reason

Overlap = Literal["skip", "queue", "replace"]
MissedPolicy = Literal["skip", "last", "all"]
Mode = Literal["follows", "pinned"]
Outcome = Literal["waiting", "started", "missed", "overlapped", "failed"]
HOUR = 3600


class Cron(msgspec.Struct, frozen=True, tag="cron", tag_field="kind", forbid_unknown_fields=True):
    """A cron expression of five fields, of six with the seconds first, or a name like @daily."""

    expression: str


class Interval(
    msgspec.Struct, frozen=True, tag="interval", tag_field="kind", forbid_unknown_fields=True
):
    """A number of seconds between due times, counted from `starts_at`, else from saving."""

    seconds: int


class Once(msgspec.Struct, frozen=True, tag="once", tag_field="kind", forbid_unknown_fields=True):
    """A single due time. Without an offset, it is in the schedule's time zone."""

    at: datetime


class Delay(msgspec.Struct, frozen=True, tag="delay", tag_field="kind", forbid_unknown_fields=True):
    """A single due time, this number of seconds after the schedule is saved."""

    seconds: int


class Phrase(
    msgspec.Struct, frozen=True, tag="words", tag_field="kind", forbid_unknown_fields=True
):
    """A phrase such as `weekdays 8:00`, or a cron expression."""

    text: str


Timing = Cron | Interval | Once
AskedTiming = Cron | Interval | Once | Delay | Phrase


class Missed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The policy for due times that passed while no dispatcher ran.

    `skip` runs none of them, `last` only the newest, `all` the newest `most`. Due times that are
    more than `window_seconds` late never run.
    """

    policy: MissedPolicy = "last"
    window_seconds: int = HOUR
    most: int = 10


class AutomaticRun(NewRun, frozen=True, forbid_unknown_fields=True):
    """The run that a schedule or trigger starts, with the fields of a `NewRun`.

    The run ignores the cache unless `force` is false: nbyard does not notice changes of data that
    the code fetches itself, for example from a database.
    """

    force: bool = True


class NewSchedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A schedule to create: `run` is created whenever `timing` is due.

    `zone` is an IANA time zone; empty means the server's time zone. No time is due before
    `starts_at` or after `ends_at`. The schedule ends after `at_most` runs. With `mode` pinned, all
    runs use the present files. Otherwise each run uses the files at its due time. `notify` names
    the channels that report events of this schedule.
    """

    run: AutomaticRun
    timing: AskedTiming
    name: str = ""
    zone: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    at_most: int | None = None
    mode: Mode = "follows"
    overlap: Overlap = "skip"
    missed: Missed = Missed()
    is_enabled: bool = True
    notify: list[ScheduleNotice] = []


class SchedulePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a schedule to change. `revision` is the revision that was read.

    A change of a pinned schedule's `run` or `mode` freezes the files again. `refreeze` freezes
    them without another change.
    """

    revision: int
    run: AutomaticRun | msgspec.UnsetType = msgspec.UNSET
    timing: AskedTiming | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    zone: str | msgspec.UnsetType = msgspec.UNSET
    starts_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    ends_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    at_most: int | msgspec.UnsetType | None = msgspec.UNSET
    mode: Mode | msgspec.UnsetType = msgspec.UNSET
    overlap: Overlap | msgspec.UnsetType = msgspec.UNSET
    missed: Missed | msgspec.UnsetType = msgspec.UNSET
    notify: list[ScheduleNotice] | msgspec.UnsetType = msgspec.UNSET
    refreeze: bool = False


class Tick(msgspec.Struct, frozen=True):
    """The record of one due time, or of `count` missed due times from `since` to `due_at`.

    With the outcome `waiting`, the due time waits for an earlier run to end. With `failed`, no run
    could be created, for `reason`.
    """

    id: str
    schedule_id: str
    due_at: datetime
    outcome: Outcome
    created_at: datetime
    count: int = 1
    since: datetime | None = None
    reason: Reason | None = None
    run_id: str = ""
    run_state: RunState | None = None


class ScheduleCounts(msgspec.Struct, frozen=True):
    """The number of due times of a schedule by outcome."""

    started: int = 0
    missed: int = 0
    overlapped: int = 0
    failed: int = 0


class Schedule(msgspec.Struct, frozen=True):
    """A stored schedule. `words` is the phrase that the user typed, `sentence` explains the timing.

    `next_due` is null if the schedule is disabled or has ended. `recent` are its newest ticks.
    `waiting` is the number of its due times that wait for an earlier run to end.
    """

    id: str
    name: str
    owner: str
    revision: int
    is_enabled: bool
    run: AutomaticRun
    timing: Timing
    words: str
    zone: str
    starts_at: datetime | None
    ends_at: datetime | None
    at_most: int | None
    mode: Mode
    overlap: Overlap
    missed: Missed
    next_due: datetime | None
    counts: ScheduleCounts
    created_at: datetime
    updated_at: datetime
    sentence: Reason | None = None
    recent: list[Tick] = []
    waiting: int = 0
    notify: list[ScheduleNotice] = []


class SchedulePreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A timing to explain. No schedule is created. `count` is the number of due times to show.

    `schedule` is the ID or name of the schedule that would get this timing. Its started runs count
    toward `at_most`.
    """

    timing: AskedTiming
    zone: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    at_most: int | None = None
    count: int = 5
    schedule: str = ""


class DueTime(msgspec.Struct, frozen=True):
    """A due time in UTC (`at`) and in the schedule's zone (`local`).

    `note` explains the effect of a clock change on it.
    """

    at: datetime
    local: str
    note: Reason | None = None


class SchedulePreview(msgspec.Struct, frozen=True):
    """The timing as it would be stored, with a sentence that explains it and its next due times.

    `text` is the sentence in English. `ended` is the reason why no time is due.
    """

    timing: Timing
    zone: str
    sentence: Reason
    text: str
    next: list[DueTime]
    ended: Reason | None = None
