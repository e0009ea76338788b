"""Triggers: a run to create, the events that fire it, and the record of each event."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from nbyard.domain.runs.causes import Cause, Change
from nbyard.domain.schedules.structs import AutomaticRun, Mode, Overlap
from nbyard.domain.state_machines import RunState
from nbyard.reasons.structs import Reason

FiringOutcome = Literal["waiting", "started", "overlapped", "failed"]
TriggerKind = Literal["dataset", "workflow", "file", "webhook", "notebook"]
# A run of one trigger may fire the next one, up to this number of triggers.
MOST_IN_CHAIN = 10


class OnDataset(
    msgspec.Struct, frozen=True, tag="dataset", tag_field="kind", forbid_unknown_fields=True
):
    """A new version of a dataset is ready. `dataset` is an ID or a name."""

    dataset: str


class OnWorkflow(
    msgspec.Struct, frozen=True, tag="workflow", tag_field="kind", forbid_unknown_fields=True
):
    """A run of another workflow, notebook, script or executable succeeded or failed.

    `path` is the path of the file, or the name or ID of the executable.
    """

    path: str
    outcome: Literal["succeeded", "failed", "either"] = "succeeded"


class OnFile(msgspec.Struct, frozen=True, tag="file", tag_field="kind", forbid_unknown_fields=True):
    """A file changed, or files of a folder that match the glob `pattern`.

    `*.csv` matches files directly in the folder, `**/*.csv` also files in its subfolders. A file
    counts as complete when it has not changed for `settle_seconds`. Files that are complete at the
    same time start one run.
    """

    path: str
    pattern: str = "*"
    changes: tuple[Change, ...] = ("created", "modified")
    settle_seconds: float = 2.0


class OnWebhook(
    msgspec.Struct, frozen=True, tag="webhook", tag_field="kind", forbid_unknown_fields=True
):
    """A signed message arrives at the address of the trigger. More per minute are refused."""

    most_per_minute: int = 60


class OnNotebook(
    msgspec.Struct, frozen=True, tag="notebook", tag_field="kind", forbid_unknown_fields=True
):
    """A running notebook or a program fires the trigger by its name."""


TriggerEvent = OnDataset | OnWorkflow | OnFile | OnWebhook | OnNotebook


class NewTrigger(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trigger to create: `run` is created whenever `on` happens.

    `values_from` sets parameters from fields of the event: `{"file": "path"}` for files,
    `{"city": "body.city"}` for a webhook. With `mode` pinned, all runs use the present files.
    Otherwise each run uses the files at the time when the trigger fires.
    """

    run: AutomaticRun
    on: TriggerEvent
    name: str = ""
    values_from: dict[str, str] = {}
    mode: Mode = "follows"
    overlap: Overlap = "queue"
    is_enabled: bool = True


class TriggerPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a trigger to change. `revision` is the revision that was read.

    The kind of the event cannot change. A change of a pinned trigger's `run` or `mode` freezes the
    files again. `refreeze` freezes them without another change.
    """

    revision: int
    run: AutomaticRun | msgspec.UnsetType = msgspec.UNSET
    on: TriggerEvent | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    values_from: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    mode: Mode | msgspec.UnsetType = msgspec.UNSET
    overlap: Overlap | msgspec.UnsetType = msgspec.UNSET
    refreeze: bool = False


class Fire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Values of parameters for one run of a trigger.

    `texts` are values as typed on a command line, parsed as the declared types.
    """

    parameters: dict[str, Any] = {}
    texts: dict[str, str] = {}


class Firing(msgspec.Struct, frozen=True):
    """The record of one event of a trigger.

    With the outcome `waiting`, the run is not started yet, or waits for an earlier run to end.
    With `failed`, no run could be created, for `reason`.
    """

    id: str
    trigger_id: str
    outcome: FiringOutcome
    cause: Cause
    created_at: datetime
    reason: Reason | None = None
    run_id: str = ""
    run_state: RunState | None = None


class FiringCounts(msgspec.Struct, frozen=True):
    """The number of events of a trigger by outcome."""

    started: int = 0
    overlapped: int = 0
    failed: int = 0


class Trigger(msgspec.Struct, frozen=True):
    """A stored trigger. `sentence` explains when it fires; `recent` are its newest firings.

    `address` is the path of a webhook below the server's URL. Its `secret` is only present when
    the webhook or a new secret is created.
    """

    id: str
    name: str
    owner: str
    revision: int
    is_enabled: bool
    run: AutomaticRun
    on: TriggerEvent
    values_from: dict[str, str]
    mode: Mode
    overlap: Overlap
    counts: FiringCounts
    created_at: datetime
    updated_at: datetime
    sentence: Reason | None = None
    recent: list[Firing] = []
    address: str = ""
    secret: str = ""
