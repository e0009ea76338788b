"""Automations: a run to create, what starts it, and the record of each time that it starts."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal, get_args

import msgspec

from nbyard.domain.automations.times.structs import (
    AT_TIMES,
    MOMENT,
    Cron,
    DueTime,
    Interval,
    Missed,
    Once,
    OnTime,
    Phrase,
    Timing,
)
from nbyard.domain.callers import Owned
from nbyard.domain.notices.structs import AutomationNotice
from nbyard.domain.presentation import shown
from nbyard.domain.runs.origins import Cause, Change
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.state_machines import RunState
from nbyard.domain.unions import UnionMember
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

Overlap = Literal["skip", "queue", "replace"]
Mode = Literal["follows", "pinned"]
Outcome = Literal["waiting", "started", "missed", "overlapped", "failed", "skipped", "cancelled"]
EventKind = Literal["dataset", "run", "file", "webhook", "notebook"]
Kind = Literal["cron", "interval", "once", "phrase", EventKind]
# A run of one automation may start the next one, up to this number of automations.
MOST_IN_CHAIN = 10
# Fields of requests that create, change or preview an automation. Only times have these:
Zone = Annotated[
    str,
    shown(
        "Time zone",
        order=10,
        shown_when=AT_TIMES,
        picker="zone",
        option_help="Time zone, such as Europe/Berlin. Default: the server's.",
    ),
]
shown_moment = partial(shown, widget="moment", format=MOMENT)
shown_limit = partial(shown_moment, more=True, shown_when=AT_TIMES)
FirstMoment = Annotated[
    datetime | None, shown_limit("From", order=33, option="--from", option_help="First moment.")
]
LastMoment = Annotated[
    datetime | None, shown_limit("Until", order=34, option="--until", option_help="Last moment.")
]
AtMost = Annotated[
    int | None,
    shown(
        "Number of runs",
        order=35,
        more=True,
        placeholder="no limit",
        shown_when=AT_TIMES,
        metavar="N",
        option_help="End after N runs.",
    ),
]
# Only events have this one:
ValuesFrom = Annotated[
    dict[str, str],
    shown(
        "Parameters from the event, such as city=body.city",
        order=20,
        more=True,
        widget="facts",
        shown_when={"on.kind": [*get_args(EventKind)]},
        option="--value",
        metavar="NAME=FIELD",
        option_help="Take a parameter from the event, such as file=path or city=body.city.",
    ),
]
WhileActive = Annotated[
    Overlap,
    shown(
        "If the earlier run is still running",
        order=28,
        more=True,
        labels={
            "skip": "skip the new run",
            "queue": "start the new run afterwards",
            "replace": "cancel the earlier run",
        },
        option_help="While a run is active: skip, queue, or replace the run. Default: skip times,"
        " queue events.",
    ),
]
UsedFiles = Annotated[
    Mode,
    shown(
        "Each run uses",
        order=26,
        more=True,
        labels={
            "follows": "the files as saved at that time",
            "pinned": "the files as they are now",
        },
        option="--pinned/--follow",
        values=("pinned", "follows"),
        option_help="Use the files as they are now, or (default) when a run starts.",
    ),
]
Action = Literal["start", "skip", "wait", "replace"]


class OnDataset(UnionMember, frozen=True, tag="dataset"):
    """A new version of a dataset is ready. `dataset` is an ID or a name."""

    dataset: Annotated[str, shown("Dataset", order=2, picker="dataset")]


class OnRun(UnionMember, frozen=True, tag="run"):
    """A run of another workflow, notebook, script or executable succeeded or failed.

    `path` is the path of the file, or the name or ID of the executable.
    """

    path: Annotated[str, shown("Workflow, notebook or script", order=2, picker="workflow")]
    outcome: Annotated[
        Literal["succeeded", "failed", "either"],
        shown(
            "Its run",
            order=3,
            labels={
                "succeeded": "succeeded",
                "failed": "failed",
                "either": "succeeded or failed",
            },
        ),
    ] = "succeeded"


class OnFile(UnionMember, frozen=True, tag="file"):
    """A file changed, or files of a folder that match the glob `pattern`.

    `*.csv` matches files directly in the folder, `**/*.csv` also files in its subfolders. A file
    counts as complete when it has not changed for `settle_seconds`. Files that are complete at the
    same time start one run.
    """

    path: Annotated[str, shown("File or folder", order=2)]
    pattern: Annotated[str, shown("Pattern of a folder’s files", order=3, picker="pattern")] = "*"
    changes: Annotated[
        tuple[Change, ...],
        shown("A file is", order=4, labels={change: change for change in get_args(Change)}),
    ] = ("created", "modified")
    settle_seconds: Annotated[
        float, shown("Complete after this many seconds without a change", order=5)
    ] = 2.0


class OnWebhook(UnionMember, frozen=True, tag="webhook"):
    """A signed message arrives at the address of the automation. More per minute are refused."""

    most_per_minute: Annotated[int, shown("Messages per minute, at most", order=2)] = 60


class OnNotebook(UnionMember, frozen=True, tag="notebook"):
    """A running notebook or a program fires the automation by its name."""


OnEvent = OnDataset | OnRun | OnFile | OnWebhook | OnNotebook
On = Cron | Interval | Once | Phrase | OnDataset | OnRun | OnFile | OnWebhook | OnNotebook


class AutomaticRun(NewRun, frozen=True, forbid_unknown_fields=True):
    """The run that an automation starts, with the fields of a `NewRun`.

    The run ignores the cache unless `force` is false: nbyard does not notice changes of data that
    the code fetches itself, for example from a database.
    """

    force: Annotated[
        bool,
        shown(
            "Run every node again",
            "Otherwise, unchanged nodes come from the cache, even if a database or web page that"
            " they read changed.",
            order=27,
            more=True,
            option="",
        ),
    ] = True


class NewAutomation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An automation to create: `run` is created whenever `on` happens.

    `on` is a time or an event. Only times take `zone`, an IANA time zone, empty for the server's;
    `starts_at` and `ends_at`, between which times are due; `at_most`, the number of runs after
    which the automation ends; and `missed`. Only events take `values_from`, which sets parameters
    from their fields: `{"file": "path"}` for files, `{"city": "body.city"}` for a webhook. With
    `mode` pinned, all runs use the present files. Otherwise each run uses the files at the time
    when it starts. While a run is active, times are skipped and events queued unless `overlap` is
    set. `notify` names the channels that report what happens to this automation.
    """

    run: AutomaticRun
    on: Annotated[
        On,
        shown(
            "Runs start",
            order=1,
            option="",
            labels={
                "phrase": "at set times",
                "dataset": "when a dataset has a new version",
                "run": "when another run ended",
                "file": "when a file changed",
                "webhook": "when a signed webhook arrives",
                "notebook": "when a notebook or program fires it",
            },
        ),
    ]
    name: Annotated[
        str,
        shown(
            "Name",
            order=36,
            more=True,
            option_help="Name of the automation. Default: that of the file.",
        ),
    ] = ""
    zone: Zone = ""
    starts_at: FirstMoment = None
    ends_at: LastMoment = None
    at_most: AtMost = None
    missed: Missed = Missed()
    values_from: ValuesFrom = {}
    overlap: WhileActive | msgspec.UnsetType = msgspec.UNSET
    mode: UsedFiles = "follows"
    is_enabled: Annotated[
        bool,
        shown(
            option="--disabled",
            values=(False, True),
            option_help="Create the automation without enabling it.",
        ),
    ] = True
    notify: Annotated[
        list[AutomationNotice], shown("Notify", order=11, widget="notices", option="")
    ] = []


class AutomationPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of an automation to change. `revision` is the revision that was read.

    One time may replace another, but an event stays one of its kind. A change of a pinned
    automation's `run` or `mode` freezes the files again. `refreeze` freezes them without another
    change.
    """

    revision: Annotated[int, shown(lock=True)]
    run: AutomaticRun | msgspec.UnsetType = msgspec.UNSET
    on: On | msgspec.UnsetType = msgspec.UNSET
    name: Annotated[str | msgspec.UnsetType, shown("Name", option_help="New name.")] = msgspec.UNSET
    zone: Zone | msgspec.UnsetType = msgspec.UNSET
    starts_at: FirstMoment | msgspec.UnsetType = msgspec.UNSET
    ends_at: LastMoment | msgspec.UnsetType = msgspec.UNSET
    at_most: AtMost | msgspec.UnsetType = msgspec.UNSET
    missed: Missed | msgspec.UnsetType = msgspec.UNSET
    values_from: ValuesFrom | msgspec.UnsetType = msgspec.UNSET
    overlap: WhileActive | msgspec.UnsetType = msgspec.UNSET
    mode: UsedFiles | msgspec.UnsetType = msgspec.UNSET
    notify: list[AutomationNotice] | msgspec.UnsetType = msgspec.UNSET
    refreeze: Annotated[bool, shown(option_help="With pinned files: freeze them again.")] = False


class Fire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of parameters for one run of an automation.

    `texts` are values as typed on a command line, parsed as the declared types.
    """

    parameters: dict[str, Any] = {}
    texts: dict[str, str] = {}


class Firing(msgspec.Struct, frozen=True):
    """The record of a due time (`due_at`) or of an event (`cause`), and what it led to.

    It may stand for `count` missed due times from `since` to `due_at`. With the outcome `waiting`,
    the run is not started yet, or waits for an earlier run to end. With `failed`, no run could be
    created, for `reason`. Only due times of backfills are `skipped` or `cancelled`.
    """

    id: str
    automation_id: str
    outcome: Outcome
    created_at: datetime
    due_at: datetime | None = None
    cause: Cause | None = None
    count: int = 1
    since: datetime | None = None
    reason: Reason | None = None
    run_id: str = ""
    run_state: RunState | None = None


class FiringRow(msgspec.Struct, frozen=True):
    """A firing with what its run takes from it.

    `event_key` is unique for an automation. `chain` are the IDs of the automations that led to it.
    """

    firing: Firing
    event_key: str
    chain: list[str] = []
    given: Fire = Fire()


class FiringCounts(msgspec.Struct, frozen=True):
    """The number of due times or events of an automation by outcome."""

    started: int = 0
    missed: int = 0
    overlapped: int = 0
    failed: int = 0


class Automation(Owned, frozen=True):
    """A stored automation. `sentence` explains when a run starts.

    A phrase stays in `on` as it was typed; `timing` is what it means, null for events. `next_due`
    is null for events, and if the automation is disabled or has ended. `recent` are its newest
    firings, `waiting` is the number of those that wait for an earlier run to end. `address` is the
    path of a webhook below the server's URL. Its `secret` is only present when the webhook or a
    new secret is created.
    """

    id: str
    name: str
    revision: int
    is_enabled: bool
    run: AutomaticRun
    on: On
    timing: Timing | None
    zone: str
    starts_at: datetime | None
    ends_at: datetime | None
    at_most: int | None
    missed: Missed
    values_from: dict[str, str]
    mode: Mode
    overlap: Overlap
    next_due: datetime | None
    counts: FiringCounts
    created_at: datetime
    updated_at: datetime
    sentence: Reason | None = None
    recent: list[Firing] = msgspec.field(default_factory=list)
    waiting: int = 0
    notify: list[AutomationNotice] = msgspec.field(default_factory=list)
    address: str = ""
    secret: str = ""


class TimePreviewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A time to explain. No automation is created. `count` is the number of due times to show.

    `automation` is the ID or name of the automation that would get this time. Its started runs
    count toward `at_most`.
    """

    on: OnTime
    zone: Zone = ""
    starts_at: FirstMoment = None
    ends_at: LastMoment = None
    at_most: AtMost = None
    count: Annotated[int, shown(metavar="N", option_help="Number of due times to show.")] = 5
    automation: str = ""


class TimePreview(msgspec.Struct, frozen=True):
    """A time as it would be stored, with a sentence that explains it and its next due times.

    `text` is the sentence in English. `ended` is the reason why no time is due.
    """

    timing: Timing
    zone: str
    sentence: Reason
    text: str
    next: list[DueTime]
    ended: Reason | None = None


def kind_of(on: On) -> Kind:
    """Return the name of what starts a run."""
    tag: Kind = type(on).__struct_config__.tag  # type: ignore[assignment]
    return tag


def due_key(due_at: datetime) -> str:
    """Return the event key of a due time."""
    # In UTC, so that a change of the automation's zone does not run the same moment again.
    return f"due:{due_at.astimezone(UTC).isoformat()}"


def check_fitting(kind: Kind, given: Mapping[str, Any]) -> None:
    """Check that an automation has no field that only times or only events take.

    `given` are the values of fields by name; defaults count as not given.

    Raises:
        Invalid: a field does not belong to this kind.
    """
    is_event = kind in get_args(EventKind)
    for name in OF_TIMES if is_event else OF_EVENTS:
        if name in given and given[name] not in (None, "", {}, Missed()):
            takers = "times" if is_event else "events"
            raise Invalid.field(name, f"is only for {takers}, and this automation is on {kind}")


OF_TIMES = ("zone", "starts_at", "ends_at", "at_most", "missed")
OF_EVENTS = ("values_from",)


def action_for(
    overlap: Overlap, missed: Missed, *, is_active: bool, is_waiting: bool, is_late: bool
) -> Action:
    """Return whether a due time starts a run, is skipped, waits, or replaces the active run.

    `is_active`: a run of the automation has not ended. `is_waiting`: earlier due times wait.
    `is_late`: the due time was missed. With the policy `all`, missed due times wait for each
    other, because each of them must run.
    """
    if not is_active and not is_waiting:
        return "start"
    if overlap == "queue" or (is_late and missed.policy == "all"):
        return "wait"
    return "skip" if overlap == "skip" else "replace"
