"""Shows results of magics as text, or as HTML tables with escaped content.

In JupyterLab, the first cell of a row opens the object that it names. Elsewhere, it is plain text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from msgspec import UNSET, json

from nbyard.domain.arguments.structs import type_words
from nbyard.domain.automations.structs import Automation
from nbyard.domain.automations.times.zones import local_time, zone_of
from nbyard.domain.comparison.structs import Explanation, RunComparison
from nbyard.domain.deployments.structs import Deployment
from nbyard.domain.executables.structs import Executable
from nbyard.domain.lineage.graph import lines_of
from nbyard.domain.lineage.structs import Lineage
from nbyard.domain.runs.structs import Artifact, RunDetail

Columns = Mapping[str, Callable[[Any], Any]]
LISTED: dict[str, Columns] = {
    "runs": {
        "number": lambda r: r.number,
        "state": lambda r: r.state,
        "title": lambda r: r.title,
        "name": lambda r: r.name,
        "started": lambda r: f"{r.created_at:%Y-%m-%d %H:%M}",
    },
    "datasets": {
        "name": lambda d: d.name,
        "state": lambda d: d.current.state,
        "version": lambda d: d.current.number,
        "rows": lambda d: d.current.rows,
    },
    "executables": {
        "name": lambda e: e.name,
        "kind": lambda e: e.current.kind,
        "version": lambda e: e.current.number,
        "path": lambda e: e.path,
    },
    "artifacts": {
        "name": lambda a: a.name,
        "state": lambda a: a.state,
        "files": lambda a: ", ".join(file.filename for file in a.files),
        "run": lambda a: a.number,
    },
    "workflows": {"title": lambda w: w.title, "path": lambda w: w.path},
}


# The front end's command that opens an object, and its ID.
OPENS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "runs": ("nbyard:show-run", lambda r: r.id),
    "datasets": ("nbyard:open-dataset", lambda d: d.id),
    "executables": ("nbyard:open-executable", lambda e: e.id),
    "artifacts": ("nbyard:open-artifact", lambda a: a.run_id),
    "deployments": ("nbyard:open-deployment", lambda d: d.id),
}


class Shown:
    """A sentence and a table. `links` are those of the sentence, or else of each row."""

    def __init__(
        self,
        head: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        links: Sequence[str] = (),
    ):
        self.head = head
        self.columns = columns
        self.rows = [["" if cell is None else str(cell) for cell in row] for row in rows]
        self._links = links

    def __repr__(self) -> str:
        lines = [list(self.columns), *self.rows] if self.rows else []
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table_lines = [
            "  " + "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join(filter(None, [self.head, *table_lines]))

    def _repr_html_(self) -> str:
        names = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        shown = [[escape(cell) for cell in row] for row in self.rows]
        head = escape(self.head)
        if head and self._links:
            head = _linked(head, self._links[0])
        else:
            for row, link in zip(shown, self._links, strict=False):
                row[0] = _linked(row[0], link)
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in shown)
        table = f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"
        return (f"<p>{head}</p>" if head else "") + (table if self.rows else "")


def _linked(text: str, link: str) -> str:
    return f"<a {link}>{text}</a>"


def link_to(noun: str, item: Any) -> str:
    """Return the HTML attributes of a link that opens an object in JupyterLab."""
    command, identity = OPENS[noun]
    args = escape(json.encode({"id": identity(item)}).decode())
    # The CommandLinker of JupyterLab runs the command that these attributes name.
    return f'href="#nbyard" data-commandlinker-command="{command}" data-commandlinker-args="{args}"'


def table_of(noun: str, items: Sequence[Any]) -> Shown:
    """Return a table of these objects."""
    columns = LISTED[noun]
    rows = [[read(item) for read in columns.values()] for item in items]
    links = [link_to(noun, item) for item in items if noun in OPENS]
    return Shown("" if rows else f"There are no {noun}.", list(columns), rows, links)


class OutputPaths(Mapping[str, str]):
    """The paths of outputs by `NODE.OUTPUT`. An output is fetched when its path is read."""

    def __init__(self, connection: Any, artifacts: dict[str, Artifact]):
        self._connection = connection
        self._artifacts = artifacts

    def __getitem__(self, name: str) -> str:
        return str(self._connection.artifact_path(self._artifacts[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._artifacts)

    def __len__(self) -> int:
        return len(self._artifacts)


class FinishedRun(Shown):
    """A run with its tasks. `outputs` has the paths of outputs by `NODE.OUTPUT`."""

    def __init__(self, detail: RunDetail, outputs: Mapping[str, str]):
        self.detail = detail
        self.state = detail.run.state
        self.outputs = outputs
        rows = []
        for task in detail.tasks:
            state: str = "cached" if task.cached else task.state
            cause = task.failure.message if task.failure else task.why
            if cause and task.state != "succeeded":
                state = f"{state}: {cause}"
            files = (file.filename for file in task.artifacts if file.name.isidentifier())
            rows.append((task.node, state, ", ".join(files)))
        name = "Check run" if detail.run.is_scratch else f"Run {detail.run.number}"
        super().__init__(
            f"{name} {self.state}.",
            ("node", "state", "outputs"),
            rows,
            [link_to("runs", detail.run)],
        )


class Explained(Shown):
    """Why results of two runs differ. Each row is a cause, the nearest one first."""

    def __init__(self, explanation: Explanation):
        self.explanation = explanation
        rows = [(cause.node, str(cause.reason), cause.name) for cause in explanation.causes]
        link = [link_to("runs", explanation.new)]
        super().__init__(explanation.sentence, ("node", "cause", "name"), rows, link)


class Traced:
    """The lineage of an object as a tree: what it comes from, and what was made with it."""

    def __init__(self, lineage: Lineage):
        self.lineage = lineage

    def __repr__(self) -> str:
        return "\n".join(lines_of(self.lineage))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


class Compared(Shown):
    """The differences between runs.

    Each row is a parameter, input, metric, output or another part. Durations come last.
    """

    def __init__(self, comparison: RunComparison):
        self.comparison = comparison
        numbers = [run.number for run in comparison.runs]
        rows, durations = [*_differences(comparison)], [*_durations(comparison)]
        equal = "are equal, except for their durations" if durations else "are equal"
        head = f"Runs {' and '.join(map(str, numbers))} {'differ' if rows else equal}."
        columns = ("what", "name", *(f"run {number}" for number in numbers))
        links = [link_to("runs", comparison.runs[-1])]
        super().__init__(head, columns, [*rows, *durations], links)


def _differences(comparison: RunComparison) -> Iterator[Sequence[Any]]:
    states, commits = [run.state for run in comparison.runs], [run.git for run in comparison.runs]
    for what, values in (("state", states), ("commit", commits)):
        if len({*map(str, values)}) > 1:
            yield (what, "", *values)
    for row in comparison.parameters:
        yield ("parameter", _at(row.node, row.name), *row.values)
    for data in comparison.inputs:
        files = [file and f"{_short(file.digest)} {file.origin}" for file in data.files]
        yield ("input", _at(data.node, data.name), *files)
    for metric in comparison.metrics:
        yield ("metric", _at(metric.node, metric.name), *metric.values)
    for output in comparison.outputs:
        digests = [file and _short(file.compared) for file in output.files]
        yield ("output", _at(output.node, output.name), *digests)
    for code in comparison.code:
        versions = [version and f"version {version.number}" for version in code.versions]
        yield from (("code", name, *versions) for name in code.shown_names)
    for place in comparison.environment:
        if place.has_shown_names:
            yield ("environment", ", ".join(place.nodes), *place.names)
        yield from (("package", package.name, *package.versions) for package in place.packages)


def _durations(comparison: RunComparison) -> Iterator[Sequence[Any]]:
    for row in comparison.timing:
        both = zip(row.seconds, row.cached, strict=True)
        shown = ["cached" if cached else seconds and f"{seconds:.1f} s" for seconds, cached in both]
        yield ("duration", row.node or "run", *shown)


def _short(digest: str) -> str:
    """Return the first characters of a digest, which distinguish two files."""
    return digest.rpartition(":")[2][:8]


def _at(node: str, name: str) -> str:
    return f"{node}.{name}" if node else name


class Scheduled(Shown):
    """An automation that was created or changed."""

    def __init__(self, automation: Automation):
        self.automation = automation
        due = automation.next_due and local_time(automation.next_due, zone_of(automation.zone))
        row = (
            automation.name,
            automation.run.path,
            due and f"{due:%Y-%m-%d %H:%M}",
            automation.zone,
        )
        columns = ("automation", "runs", "next", "zone")
        super().__init__(f"{automation.name}: {automation.sentence}.", columns, [row])


class ServedModel(Shown):
    """A deployment of a model. `address` is its link below the Jupyter server."""

    def __init__(self, deployment: Deployment):
        self.deployment = deployment
        self.state = deployment.state
        self.address = next((link.path for link in deployment.links), "")
        serves = self.state == "running" and deployment.serving == deployment.revision
        why = "" if serves or deployment.reason is None else f": {deployment.reason}"
        head = f"{deployment.name} {'responds' if serves else f'is {self.state}{why}'}."
        row = (deployment.name, self.state, deployment.revision, self.address)
        columns = ("deployment", "state", "revision", "address")
        super().__init__(head, columns, [row], [link_to("deployments", deployment)])


class Registered(Shown):
    """An executable that was registered from a cell, with notes for the user."""

    def __init__(self, executable: Executable, hints: Sequence[str]):
        self.executable = executable
        now = executable.current
        rows = [
            (a.name, a.role, type_words(a), "" if a.default is UNSET else repr(a.default))
            for a in now.arguments
        ]
        head = f"{executable.name}: {now.kind}, version {now.number}, in {now.file}."
        columns = ("argument", "role", "type", "default")
        super().__init__(" ".join([head, *hints]), columns, rows)
