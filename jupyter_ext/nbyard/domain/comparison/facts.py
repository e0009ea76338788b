"""Facts about a run that comparisons use, from the record of the run."""

from collections.abc import Mapping

import msgspec

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.caching.relevant_changes import plain_digest
from nbyard.domain.digest import KeyParts
from nbyard.domain.file_formats import format_of
from nbyard.domain.runs.structs import Run


class CodeVersion(msgspec.Struct, frozen=True):
    """The version of an executable that a task ran; `file` is its path in the bundle."""

    executable_id: str
    version_id: str
    number: int
    file: str
    digest: str


class OutputFile(msgspec.Struct, frozen=True):
    """The file of an output, with the ID of its artifact.

    An executed notebook differs in each run, so its last picture is compared: `picture` is the
    digest of that.
    """

    artifact: str
    filename: str
    format: str
    digest: str
    size_bytes: int
    picture: str = ""

    @property
    def compared(self) -> str:
        """Return the digest that comparisons use."""
        return self.picture or self.digest


class InputFile(msgspec.Struct, frozen=True):
    """Data from outside a run that was passed to an input.

    `origin` describes the source of the data.
    """

    filename: str
    origin: str
    digest: str

    def as_output(self, size_bytes: int = 0) -> OutputFile:
        """Return the file in the form of outputs, for comparisons."""
        format_ = format_of(self.filename)
        return OutputFile("", self.filename, format_, self.digest, size_bytes)


class InputFacts(msgspec.Struct, frozen=True):
    """The data of an input.

    It is the `output` of another `node` of the run, or data from outside the run. `origin`
    describes data from outside, and `filename` is its file. `digest` is empty if the data never
    existed.
    """

    digest: str
    origin: str = ""
    node: str = ""
    output: str = ""
    filename: str = ""

    @property
    def file(self) -> InputFile | None:
        """Return the file of data from outside the run."""
        return None if self.node else InputFile(self.filename, self.origin, self.digest)

    @property
    def source(self) -> str:
        """Return `node.output` for data of the run, else the description of its origin."""
        return f"{self.node}.{self.output}" if self.node else self.origin


class TaskFacts(msgspec.Struct, frozen=True):
    """Facts about a task that comparisons use.

    `values` are canonical JSON texts by argument. `place` is the position in the graph.
    `environment` names the environment, image or kernel. `packages` are empty if unknown. `parts`
    are None for a task that never ran. `pinned` is the number of the run whose result it used, else
    0.
    """

    node: str
    label: str
    place: int
    state: str
    cached: bool = False
    pinned: int = 0
    code: CodeVersion | None = None
    values: Mapping[str, str] = {}
    inputs: Mapping[str, InputFacts] = {}
    outputs: Mapping[str, OutputFile] = {}
    metrics: Mapping[str, float | str] = {}
    parts: KeyParts | None = None
    observed: Observed | None = None
    environment: str = ""
    packages: Mapping[str, str] = {}
    seconds: float | None = None

    def code_folder_file(self, path: str) -> InputFile | None:
        """Return a file beside the code, None if it does not exist or is not recorded."""
        digest = plain_digest(self.parts.files.get(path, "")) if self.parts else ""
        return InputFile(path, path, digest) if digest else None


class RunFacts(msgspec.Struct, frozen=True):
    """Facts about a run: its tasks by node, in the order of the graph.

    `values` are the parameters of the run as canonical JSON texts.
    """

    run: Run
    tasks: Mapping[str, TaskFacts]
    values: Mapping[str, str] = {}
    seconds: float | None = None
