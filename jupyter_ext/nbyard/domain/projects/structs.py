"""Projects and the resources that are linked to them."""

from datetime import datetime
from typing import Annotated, Literal, get_args

import msgspec

from nbyard.domain.presentation import shown
from nbyard.domain.runs.git_states import GitState

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


class Project(msgspec.Struct, frozen=True):
    """A stored project. `links` counts the linked resources by kind.

    `files` is the digest of the folder that was pushed last, empty without a push. `git` is the
    state of that folder's repository.
    """

    id: str
    name: str
    owner: str
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
    links: dict[str, int] = {}


class NewLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A resource to link, by ID or name."""

    kind: LinkKind
    resource: str


class ProjectResource(msgspec.Struct, frozen=True):
    """A resource that is linked to a project, or can be linked to it.

    `created_at` is the time when the resource was created. `path` is that of its file; empty for
    resources without a file. A file that never ran has its path as ID. `is_gone` means
    that the file no longer exists. `number` is that of a run.
    """

    kind: LinkKind
    id: str
    name: str
    created_at: datetime
    path: str = ""
    number: int | None = None
    is_gone: bool = False


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
