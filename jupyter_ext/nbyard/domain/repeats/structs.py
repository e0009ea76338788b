"""The recorded nodes from which a bundle is written, and the files of the bundle."""

from collections.abc import Mapping

import msgspec

from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.structs import TaskPlan

NODES = "nodes"


class StoredOutput(msgspec.Struct, frozen=True):
    """The file or folder of an output."""

    filename: str
    digest: str


class RecordedNode(msgspec.Struct, frozen=True):
    """A task of the run: its plan, the version of its code, its outputs and packages by name.

    `version` is None if the executable was deleted.
    """

    plan: TaskPlan
    version: ExecutableVersion | None
    outputs: Mapping[str, StoredOutput] = {}
    packages: Mapping[str, str] = {}

    @property
    def folder(self) -> str:
        """Return the folder of the node in the bundle."""
        return f"{NODES}/{self.plan.node}"

    def place_of(self, output: str) -> str:
        """Return the path of an output in the bundle."""
        return f"{self.folder}/outputs/{output}/{self.outputs[output].filename}"


class Member(msgspec.Struct, frozen=True):
    """A file or folder of the bundle at the path `place`: stored bytes by digest, or a text."""

    place: str
    digest: str = ""
    text: str = ""
