"""Projects and the resources that are linked to them."""

from datetime import datetime
from typing import Literal, get_args

import msgspec

from nbyard.domain.runs.git_states import GitState

LinkKind = Literal[
    "dataset",
    "executable",
    "workflow",
    "run",
    "model",
    "deployment",
    "environment",
    "schedule",
    "trigger",
    "credential",
]
ArtifactKind = Literal["data", "model"]
ARTIFACT_KINDS: tuple[ArtifactKind, ...] = get_args(ArtifactKind)
LINK_KINDS: tuple[LinkKind, ...] = get_args(LinkKind)


class ProjectTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a project is for: its goal, the data that evaluates results, and the criteria."""

    goal: str = ""
    evaluation_data: str = ""
    criteria: str = ""


class NewProject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A project to create. `repository` is the URL of a Git repository.

    `requirements` says what the project needs, such as packages or a GPU. `metadata` are
    other facts by name.
    """

    name: str
    description: str = ""
    repository: str = ""
    requirements: str = ""
    metadata: dict[str, str] = {}
    task: ProjectTask = ProjectTask()


class ProjectPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to change. `revision` is the revision that was read."""

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    repository: str | msgspec.UnsetType = msgspec.UNSET
    requirements: str | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    task: ProjectTask | msgspec.UnsetType = msgspec.UNSET


class Project(msgspec.Struct, frozen=True):
    """A stored project. `links` are the numbers of linked resources by kind.

    `files` is the digest of the folder that was pushed last, empty for none. `git` is the state of
    its repository.
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
    """A resource that is linked to a project, or may be. `created_at` is that of the resource."""

    kind: LinkKind
    id: str
    name: str
    created_at: datetime


class ProjectArtifact(msgspec.Struct, frozen=True):
    """The newest result of an output in the runs of a project.

    Its `kind` is *model* if its bytes look like a model that can be served, else *data*. `number`
    and `title` are those of the run.
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
