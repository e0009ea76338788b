"""Executables: notebooks, scripts and binaries with named inputs, outputs and values."""

from datetime import datetime
from pathlib import PurePosixPath
from typing import Annotated

import msgspec

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.callers import Owned
from nbyard.domain.commands.invocations import Invocation
from nbyard.domain.environments.references import UsedEnvironment
from nbyard.domain.limits import Limits
from nbyard.domain.models.structs import MLFLOW_FILE, MODEL_FILES
from nbyard.domain.presentation import shown
from nbyard.domain.workflows.structs import Node
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

# Files with the same name everywhere: their folder identifies them.
NAMELESS = ("Dockerfile", *MODEL_FILES, MLFLOW_FILE)


def display_name(path: str) -> str:
    """Return the display name of the file at a path.

    If many files have that name, it is the name of the folder in the path. The browser's twin
    is src/document/called.ts.
    """
    folder, name = ("", "", *PurePosixPath(path).parts)[-2:]
    return folder if name in NAMELESS and folder not in ("", "..", "/") else name


def is_python(language: str) -> bool:
    """Return whether code of this language can use Python packages; an empty language can."""
    return language in ("python", "ipython", "")


class Resources(Limits, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Environment, image, requirements and limits for the nodes of an executable.

    They apply where a node sets none. Executables with an `image` run in containers. `hinted_image`
    applies only if they run in containers anyway. `environment` is a name, for its newest version,
    or `name@2` for that version. `ports` are the ports that the program listens on, by link name:
    the number in a container, 0 for any. `tensorboard` is where the program writes TensorBoard
    logs. It is a folder below the working directory, or the name of an output.
    """

    environment: Annotated[
        str,
        shown(
            "Environment",
            "A name, or name@2 for version 2.",
            option="",
            order=1,
            picker="environment",
        ),
    ] = ""
    image: Annotated[
        str,
        shown("Image", "For runs in containers.", option="", order=10, more=True, picker="image"),
    ] = ""
    hinted_image: str = ""
    requirements: Annotated[
        str,
        shown(
            "Requirements",
            "A requirements file beside the executable. The image is built from it.",
            option="",
            order=11,
            more=True,
        ),
    ] = ""
    ports: dict[str, int] = msgspec.field(default_factory=dict)
    tensorboard: str = ""


class Inspection(msgspec.Struct, frozen=True):
    """The result of reading a file without running it. `hints` are for users.

    `file` is the name of the file. `tag_cell` is the index (from 0) of the cell that
    `executables.tag` would make the parameters cell, null if there is none. `tag_names` are the
    names of its parameters.
    `used_environment` is the version that a run of a file would use, and what names it.
    """

    name: str
    kind: str
    language: str
    kernel: str
    arguments: list[Argument]
    hints: list[Reason] = []
    tag_cell: int | None = None
    tag_names: list[str] = []
    command: list[str] = []
    resources: Resources = Resources()
    executable: str = ""
    file: str = ""
    invocation: Invocation = Invocation()
    used_environment: UsedEnvironment | None = None


class Inspect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file to read: a path below the server's root, or a finished upload."""

    path: Annotated[str, shown("File", argument=True, needed=True)] = ""
    upload: str = ""
    kind: str = ""


class AskHelp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The command to run with `--help`: a path below the server's root, an upload or an executable.

    `executable` is an ID or a name. The file that it follows is run, or its newest version.
    """

    path: Annotated[str, shown("File", argument=True, needed=True)] = ""
    upload: str = ""
    executable: str = ""


class TagCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code cell to tag as the parameters cell.

    `cell` is its index among all cells, from 0; null for the first cell that assigns
    constants.
    """

    path: str
    cell: int | None = None


class NewExecutable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An executable to register. Omitted fields are read from the file."""

    path: Annotated[str, shown("File", argument=True, needed=True)] = ""
    upload: str = ""
    name: Annotated[
        str | msgspec.UnsetType,
        shown("Name", option_help="Name of the executable. Default: the file's name."),
    ] = msgspec.UNSET
    kind: str = ""
    description: str = ""
    arguments: list[Argument] | None = None
    command: list[str] | None = None
    resources: Resources | None = None


class Exported(msgspec.Struct, frozen=True):
    """The text of a file in another program's format, and a suggested file name."""

    filename: str
    text: str


class ExecutablePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Fields to change. `revision` is the revision that was read.

    `upload` is new code for an uploaded executable.
    """

    revision: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    upload: str | msgspec.UnsetType = msgspec.UNSET
    arguments: list[Argument] | msgspec.UnsetType = msgspec.UNSET
    command: list[str] | msgspec.UnsetType = msgspec.UNSET
    resources: Resources | msgspec.UnsetType = msgspec.UNSET


class ExecutableVersion(msgspec.Struct, frozen=True):
    """An immutable version: code, bundle, declaration. `file` is the code's path in the bundle.

    `not_reproducible` is set if the same inputs gave other bytes, in the nightly sample.
    """

    id: str
    executable_id: str
    number: int
    kind: str
    language: str
    kernel: str
    file: str
    content_digest: str
    code_digest: str
    bundle_digest: str
    arguments: list[Argument]
    command: list[str]
    resources: Resources
    created_at: datetime
    invocation: Invocation = Invocation()
    not_reproducible: Reason | None = None


ReadCode = Inspection | ExecutableVersion


class Executable(Owned, frozen=True):
    """A registered executable. With a `path`, it follows that file.

    `revision` counts the changes of its row. It is 0 while only runs have registered the file.
    `hints` say when the file has changed or is missing; lists omit them. After a registration or a
    change of the code, they also name problems in the code.
    """

    id: str
    name: str
    description: str
    path: str
    revision: int
    created_at: datetime
    updated_at: datetime
    current: ExecutableVersion
    hints: list[Reason] = msgspec.field(default_factory=list)
    changed: bool = False


def chosen_packages(node: Node, default: Resources) -> tuple[str, str]:
    """Return the environment and the requirements file of a node, at most one of them.

    The node's own setting overrides its executable's.

    Raises:
        Invalid: the node or its executable names both.
    """
    for resources in (node, default):
        if resources.environment and resources.requirements:
            raise Invalid.field(
                "environment", "set either an environment or a requirements file, not both"
            )
        if resources.environment or resources.requirements:
            return resources.environment, resources.requirements
    return "", ""


def has_image(node: Node, default: Resources) -> bool:
    """Return whether a node, or its executable, names an image for containers."""
    return bool(node.image or default.image or default.hinted_image)
