"""What a bundle is written from, and its files."""

from collections.abc import Mapping

import msgspec

from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.structs import TaskPlan

NODES = "nodes"


class StoredOutput(msgspec.Struct, frozen=True):
    """The file or folder that an output had."""

    filename: str
    digest: str


class RecordedNode(msgspec.Struct, frozen=True):
    """A task of the run: its plan, its code (None if deleted), outputs and packages by name."""

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
    """A file or folder of the bundle: stored bytes by digest, or a text."""

    place: str
    digest: str = ""
    text: str = ""
