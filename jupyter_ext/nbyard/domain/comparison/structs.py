"""The comparison of two or more runs, and the causes of a difference, as clients see them."""

from typing import Literal

import msgspec

from nbyard.domain.comparison.facts import CodeVersion, InputFile, OutputFile
from nbyard.domain.datasets.comparisons import ColumnChange, FileChange
from nbyard.domain.executables.code_diffs import DiffLine
from nbyard.domain.runs.structs import Run
from nbyard.reasons.structs import Reason

OutputKind = Literal["table", "picture", "text", "folder", "file"]


class ValueRow(msgspec.Struct, frozen=True):
    """A parameter of the runs, or of a node: JSON texts in the order of the runs.

    `node` is empty for a parameter of the run. A run without the parameter has null.
    """

    node: str
    name: str
    values: list[str | None]
    differs: bool


class MetricRow(msgspec.Struct, frozen=True):
    """A metric of a node in the order of the runs; null if a run recorded none."""

    node: str
    name: str
    values: list[float | str | None]
    differs: bool


class InputRow(msgspec.Struct, frozen=True):
    """Data from outside the runs that a node used, in the order of the runs.

    `name` is the input, or the path of a data file beside the code that the node read. A file is
    null if a run has no such input, or if another node provided its data.
    """

    node: str
    name: str
    kind: OutputKind
    files: list[InputFile | None]
    differs: bool


class OutputRow(msgspec.Struct, frozen=True):
    """An output of a node in the order of the runs; null if a run has none.

    `differs` compares bytes.
    """

    node: str
    name: str
    kind: OutputKind
    files: list[OutputFile | None]
    differs: bool


class CodeRow(msgspec.Struct, frozen=True):
    """The code of a node in the order of the runs; null if a run lacks the node.

    `files` are other files of the code folder that differ, at most 100. Inputs are not among them,
    nor data files beside the code, nor files that the node never read.
    """

    node: str
    label: str
    versions: list[CodeVersion | None]
    files: list[str]
    differs: bool

    @property
    def shown_names(self) -> list[str]:
        """Return the names of its rows in a table: the code itself, then its other files.

        The code is left out if only other files differ.
        """
        own = {version and version.digest for version in self.versions}
        names = [*([self.label] if len(own) > 1 or not self.files else []), *self.files]
        return [name if name == self.node else f"{self.node} {name}" for name in names]


class PackageRow(msgspec.Struct, frozen=True):
    """The version of a package in the order of the runs; null if it is not installed."""

    name: str
    versions: list[str | None]


class EnvironmentRow(msgspec.Struct, frozen=True):
    """Where nodes ran, in the order of the runs, and the packages that differ.

    `names` are those of environments, images or kernels; null if a run lacks the node.
    """

    nodes: list[str]
    names: list[str | None]
    packages: list[PackageRow]
    differs: bool

    @property
    def has_shown_names(self) -> bool:
        """Return whether a table shows the names. Equal ones are left out if packages differ."""
        return not self.packages or len({*self.names}) > 1


class TimingRow(msgspec.Struct, frozen=True):
    """Durations in seconds in the order of the runs; `node` is empty for the whole run.

    A task that is not finished has null. `cached` states which results came from the cache.
    """

    node: str
    seconds: list[float | None]
    cached: list[bool]
    differs: bool


class EqualCounts(msgspec.Struct, frozen=True):
    """How many items of each section are equal in all runs."""

    parameters: int
    inputs: int
    metrics: int
    outputs: int
    code: int
    environment: int
    timing: int


class RunComparison(msgspec.Struct, frozen=True):
    """Two or more runs side by side.

    The sections list the items that differ. With `everything`, the equal items follow. `equal`
    counts the equal items. `labels` are titles of nodes by ID, with the ID if several share one.
    """

    runs: list[Run]
    parameters: list[ValueRow]
    inputs: list[InputRow]
    metrics: list[MetricRow]
    outputs: list[OutputRow]
    code: list[CodeRow]
    environment: list[EnvironmentRow]
    timing: list[TimingRow]
    equal: EqualCounts
    labels: dict[str, str] = {}


class OutputComparison(msgspec.Struct, frozen=True):
    """The same output, or data of the same input, of two runs.

    Tables have `columns` with statistics and the numbers of `rows`, folders have `files` that
    differ, and texts have changed `lines`. `cut` means that more lines or files follow. `note` says
    why the comparison is limited.
    """

    old: OutputFile
    new: OutputFile
    same: bool
    columns: list[ColumnChange] = []
    files: list[FileChange] = []
    lines: list[DiffLine] = []
    cut: bool = False
    note: Reason | None = None
    rows: list[int] = []


CauseKind = Literal[
    "parameter", "data", "code", "file", "package", "environment", "outside", "declaration",
    "connection", "pin", "node", "unrecorded", "nondeterministic",
]  # fmt: skip


class DatasetLink(msgspec.Struct, frozen=True):
    """The versions of a dataset on both sides of a change."""

    id: str
    name: str
    old: int
    new: int


class Cause(msgspec.Struct, frozen=True):
    """One change that may explain a different result.

    `node` is the node with the change. `distance` counts the connections from there to the result.
    `name` is the parameter, input, file, package or path. `before` and `after` are texts, null
    where it did not exist. A changed notebook has the `cell`, counted from 1 in the newer version.
    A removed cell is counted in the older version. `code` are both versions, `dataset` both
    versions of the data.
    """

    kind: CauseKind
    node: str
    label: str
    distance: int
    name: str
    reason: Reason
    before: str | None = None
    after: str | None = None
    cell: int | None = None
    code: list[CodeVersion] = []
    dataset: DatasetLink | None = None


class DifferingResult(msgspec.Struct, frozen=True):
    """A metric, output or state that differs; `before` and `after` are values or digests."""

    node: str
    name: str
    kind: Literal["metric", "output", "state"]
    before: str | None
    after: str | None


class Explanation(msgspec.Struct, frozen=True):
    """Why results of the run `new` differ from those of the run `old`.

    `results` are the results that differ, `causes` come nearest first. Without differing results
    both lists are empty.
    """

    old: Run
    new: Run
    results: list[DifferingResult]
    causes: list[Cause]

    @property
    def sentence(self) -> str:
        """Return in English which results differ, or why none do."""
        runs = f"Runs {self.old.number} and {self.new.number}"
        names = dict.fromkeys(
            f"{result.node}.{result.name or result.kind}" for result in self.results
        )
        if names:
            return f"{runs} differ in {', '.join(names)}."
        if self.old.state != "failed" or self.new.state != "failed":
            return f"{runs} have equal results."
        lines = [f"run {run.number}: {run.reason}" for run in (self.old, self.new)]
        same = "the same reason" if self.old.reason == self.new.reason else "different reasons"
        head = f"{runs} failed with {same}. No results differ."
        return "\n".join([head, *lines])


class MetricSeries(msgspec.Struct, frozen=True):
    """A metric of a node in the order of the runs; null in runs that recorded none."""

    node: str
    name: str
    values: list[float | str | None]


class MetricHistory(msgspec.Struct, frozen=True):
    """Metrics over runs, oldest run first."""

    runs: list[Run]
    series: list[MetricSeries]
