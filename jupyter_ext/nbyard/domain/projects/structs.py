"""Projects and the resources that are linked to them."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

import msgspec

from nbyard.domain.callers import Owned
from nbyard.domain.notices.structs import DEFAULT_EVENTS, EVENTS, NoticeEvent, NoticeRule
from nbyard.domain.presentation import shown
from nbyard.domain.runs.origins import GitState

LinkKind = Literal[
    "dataset",
    "executable",
    "workflow",
    "run",
    "model",
    "deployment",
    "environment",
    "automation",
    "credential",
]
ArtifactKind = Literal["data", "model"]
ARTIFACT_KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)


class NotificationEntry(
    msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Events of the project's runs that a channel reports.

    `path` limits the rule to one file, relative to the project's folder. A run is running long
    after `long_factor` times its usual duration, 0 for never, or after `long_seconds`.
    """

    events: list[NoticeEvent] = msgspec.field(default_factory=lambda: [*DEFAULT_EVENTS])
    path: str = ""
    long_factor: float = 2.0
    long_seconds: float | None = None

    def rule(self, folder: str, project_id: str) -> NoticeRule:
        """Return the rule to store. `folder` is the folder of the pushed files."""
        path = f"{folder}/{self.path}" if self.path else ""
        factor = self.long_factor or None  # TOML has no null
        return NoticeRule(self.events, path, factor, self.long_seconds, project_id)


class ChannelRules(msgspec.Struct, frozen=True):
    """The rules of one channel for the runs of one project."""

    rules: list[NotificationEntry]


def in_order(events: Collection[NoticeEvent]) -> list[NoticeEvent]:
    """Return events, each once, in a fixed order, so that lists can be compared."""
    return [event for event in EVENTS if event in events]


def sorted_entries(entries: Iterable[NotificationEntry]) -> list[NotificationEntry]:
    """Return the entries and their events in a fixed order, so that lists can be compared."""
    ordered = [msgspec.structs.replace(entry, events=in_order(entry.events)) for entry in entries]
    # All fields: a float that equals its default is omitted only if it is the very same object.
    return sorted(ordered, key=lambda entry: msgspec.json.encode(msgspec.structs.astuple(entry)))


def entry_of_rule(rule: NoticeRule, path: str) -> NotificationEntry:
    """Return a stored rule as an entry; `path` is relative to the folder of its project."""
    return NotificationEntry(rule.events, path, rule.long_factor or 0.0, rule.long_seconds)


def rules_as_lists(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a project file with the rules of each channel as a list.

    A file has `[notifications.NAME]` for one rule, or `[[notifications.NAME]]` for several.
    """
    notifications = document.get("notifications")
    if not isinstance(notifications, dict):
        return {**document}
    # Only here: JSON, which the command line sends, always has lists.
    lists = {
        name: [rules] if isinstance(rules, dict) else rules for name, rules in notifications.items()
    }
    return {**document, "notifications": lists}


class ProjectTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The purpose of a project: its goal, the data to evaluate results with, and the criteria."""

    goal: Annotated[str, shown("Goal", order=3, option_help="Goal of the project's task.")] = ""
    evaluation_data: Annotated[
        str,
        shown("Evaluation data", order=4, more=True, option_help="Data that evaluates results."),
    ] = ""
    criteria: Annotated[
        str, shown("Criteria", order=5, more=True, option_help="When a result is good enough.")
    ] = ""


Description = Annotated[
    str,
    shown("Description", order=2, widget="long text", option_help="What the project is."),
]
Repository = Annotated[
    str,
    shown(
        "Repository (URL)",
        order=6,
        more=True,
        metavar="URL",
        option_help="Git repository of the project.",
    ),
]
Requirements = Annotated[
    str,
    shown(
        "Requirements",
        order=7,
        more=True,
        widget="long text",
        option_help="What the project needs, such as a GPU.",
    ),
]
Facts = Annotated[
    dict[str, str],
    shown(
        "Other facts, one “name = value” per line",
        order=8,
        more=True,
        widget="facts",
        option="--set",
        option_help="A fact. Repeatable.",
    ),
]


class NewProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project to create. `repository` is the URL of a Git repository.

    `requirements` describes what the project needs, such as packages or a GPU. `metadata` are
    other facts by name.
    """

    name: Annotated[str, shown("Name", order=1, argument=True)]
    description: Description = ""
    repository: Repository = ""
    requirements: Requirements = ""
    task: ProjectTask = ProjectTask()
    metadata: Facts = {}


class ProjectPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields of a project to change. `revision` is the revision that was read."""

    revision: Annotated[int, shown(lock=True)]
    name: Annotated[str | msgspec.UnsetType, shown("Name", option_help="New name.")] = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    repository: Repository | msgspec.UnsetType = msgspec.UNSET
    requirements: Requirements | msgspec.UnsetType = msgspec.UNSET
    task: ProjectTask | msgspec.UnsetType = msgspec.UNSET
    metadata: Facts | msgspec.UnsetType = msgspec.UNSET


class Project(Owned, frozen=True):
    """A stored project. `links` counts the linked resources by kind.

    `files` is the digest of the folder that was pushed last, empty without a push. `git` is the
    state of that folder's repository. `stored_bytes` is the size of its datasets and of its runs'
    results; lists leave it out.
    """

    id: str
    name: str
    description: str
    repository: str
    requirements: str
    metadata: dict[str, str]
    task: ProjectTask
    revision: int
    created_at: datetime
    updated_at: datetime
    files: str = ""
    git: GitState | None = None
    pushed_at: datetime | None = None
    links: dict[str, int] = msgspec.field(default_factory=dict)
    stored_bytes: int | None = None


class NewLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A resource to link, by ID or name."""

    kind: LinkKind
    resource: str


class ProjectResource(msgspec.Struct, frozen=True):
    """A resource that is linked to a project, or can be linked to it.

    `created_at` is the time when the resource was created. `path` is that of its file; empty for
    resources without a file. A file that never ran has its path as ID. `is_gone` means
    that the file no longer exists. `number` is that of a run. A file that never ran has no owner.
    """

    kind: LinkKind
    id: str
    name: str
    created_at: datetime
    path: str = ""
    number: int | None = None
    is_gone: bool = False
    owner: str = ""


class ProjectArtifact(msgspec.Struct, frozen=True):
    """The newest result of an output in the runs of a project.

    Its `kind` is *model* if its bytes look like a model that can be served, else *data*.
    `number`, `title` and `run_id` are those of the run. `label` is the title of the node.
    """

    id: str
    kind: ArtifactKind
    name: str
    filename: str
    format: str
    size_bytes: int
    run_id: str
    number: int
    title: str
    node: str
    created_at: datetime
    label: str = ""
