"""Compare the records of two or more runs, section by section.

Data files beside the code that nodes read: inputs without an argument.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, TypeVar

from nbyard.domain.caching.relevant_changes import files_read
from nbyard.domain.comparison.causes import changed_files
from nbyard.domain.comparison.facts import InputFile, OutputFile, RunFacts, TaskFacts
from nbyard.domain.comparison.structs import (
    CodeRow,
    EnvironmentRow,
    EqualCounts,
    InputRow,
    MetricRow,
    MetricSeries,
    OutputKind,
    OutputRow,
    PackageRow,
    RunComparison,
    TimingRow,
    ValueRow,
)


def code_folder_files(tasks: Sequence[TaskFacts | None]) -> dict[str, list[InputFile | None]]:
    """Return the files that a node read in one of the runs, by path, in the order of the runs.

    A file that changed together with an input is that input.
    """
    read = (files_read(task.parts, task.observed) for task in tasks if task)
    paths = sorted({path for files in read for path in files})
    files = {
        path: [task.code_folder_file(path) if task else None for task in tasks] for path in paths
    }
    names = {name for task in tasks if task for name in task.inputs}
    given = {
        tuple(task.inputs[name].digest if task and name in task.inputs else "" for task in tasks)
        for name in names
    }
    return {
        path: own
        for path, own in files.items()
        if tuple(file.digest if file else "" for file in own) not in given
    }


T = TypeVar("T")
Tasks = Sequence[TaskFacts | None]
MAX_FILES = 100
TABLES = frozenset({"csv", "tsv", "parquet", "arrow", "jsonl", "excel"})
PICTURES = frozenset({"png", "jpg", "svg"})
TEXTS = frozenset({"txt", "md", "html", "json", "py", "ipynb"})


def compare_runs(records: Sequence[RunFacts], everything: bool = False) -> RunComparison:
    """Compare runs section by section.

    Items that differ come first. Equal ones follow only with `everything`.
    """
    sides = _Sides(records)
    sections: dict[str, list[Any]] = {
        "parameters": sides.parameters(),
        "inputs": sides.inputs(),
        "metrics": sides.metrics(),
        "outputs": sides.outputs(),
        "code": sides.code(),
        "environment": sides.environments(),
        "timing": sides.timing(),
    }
    equal = {name: sum(not row.differs for row in rows) for name, rows in sections.items()}
    shown = {
        name: [row for row in rows if row.differs]
        + [row for row in rows if everything and not row.differs]
        for name, rows in sections.items()
    }
    runs = [record.run for record in records]
    return RunComparison(runs, **shown, equal=EqualCounts(**equal), labels=sides.labels())


def nodes_of(records: Sequence[RunFacts]) -> list[str]:
    """Return the nodes of all runs in the order of their graphs, whatever the order of runs."""
    places: dict[str, int] = {}
    for record in records:
        for task in record.tasks.values():
            places[task.node] = min(places.get(task.node, task.place), task.place)
    return sorted(places, key=lambda node: (places[node], node))


def series_of(records: Sequence[RunFacts]) -> list[MetricSeries]:
    """Return each metric with its value in each of the runs."""
    rows = _Sides(records).metrics()
    return [MetricSeries(row.node, row.name, row.values) for row in rows]


def kind_of(files: Iterable[OutputFile | None]) -> OutputKind:
    """Return how the files of an output can be compared.

    Files of different kinds are compared as `file`.
    """
    kinds: set[OutputKind] = set()
    for file in (file for file in files if file is not None):
        if file.digest.startswith("tree:"):
            kinds.add("folder")
        elif file.format in TABLES:
            kinds.add("table")
        elif file.format in PICTURES or file.picture:
            kinds.add("picture")
        else:
            kinds.add("text" if file.format in TEXTS else "file")
    return kinds.pop() if len(kinds) == 1 else "file"


class _Sides:
    """Builds the rows of a comparison from the facts of the runs."""

    def __init__(self, records: Sequence[RunFacts]) -> None:
        self._records = records
        self._by_node: dict[str, Tasks] = {
            node: [record.tasks.get(node) for record in records] for node in nodes_of(records)
        }

    def labels(self) -> dict[str, str]:
        """Return the titles of nodes, with the ID if several share a title."""
        titles = {
            node: next(task.label for task in tasks if task) or node
            for node, tasks in self._by_node.items()
        }
        counts = Counter(titles.values())
        return {
            node: title if counts[title] < 2 else f"{title} · {node}"  # as in Run Info
            for node, title in titles.items()
            if title != node
        }

    def parameters(self) -> list[ValueRow]:
        """Return the parameters of the runs, then those of each node."""
        rows = [
            ValueRow("", name, values, _differ(values))
            for name, values in _by_name([record.values for record in self._records]).items()
        ]
        for node, tasks in self._by_node.items():
            own = [task.values if task else {} for task in tasks]
            rows += [
                ValueRow(node, name, values, _differ(values))
                for name, values in _by_name(own).items()
            ]
        return rows

    def metrics(self) -> list[MetricRow]:
        """Return the metrics of each node."""
        rows = []
        for node, tasks in self._by_node.items():
            own = [task.metrics if task else {} for task in tasks]
            rows += [
                MetricRow(node, name, values, _differ(values))
                for name, values in _by_name(own).items()
            ]
        return rows

    def inputs(self) -> list[InputRow]:
        """Return the data from outside the runs that each node used, with files beside its code."""
        rows = []
        for node, tasks in self._by_node.items():
            own = [
                {
                    name: file
                    for name, task_input in task.inputs.items()
                    if (file := task_input.file)
                }
                if task
                else {}
                for task in tasks
            ]
            for name, files in (code_folder_files(tasks) | _by_name(own)).items():
                kind = kind_of([file.as_output() for file in files if file])
                differs = _differ([file and file.digest for file in files])
                rows.append(InputRow(node, name, kind, files, differs))
        return rows

    def outputs(self) -> list[OutputRow]:
        """Return the outputs of each node."""
        rows = []
        for node, tasks in self._by_node.items():
            for name, files in _by_name([task.outputs if task else {} for task in tasks]).items():
                differs = _differ([file and file.compared for file in files])
                rows.append(OutputRow(node, name, kind_of(files), files, differs))
        return rows

    def code(self) -> list[CodeRow]:
        """Return the code of each node, with the other files of its code folder that it used."""
        rows = []
        for node, tasks in self._by_node.items():
            known = [task for task in tasks if task]
            versions = [task.code if task else None for task in tasks]
            changed = (changed_files(*pair) for pair in pairwise(known))
            data = code_folder_files(tasks)  # they are inputs
            files = sorted({*chain.from_iterable(changed)} - data.keys())[:MAX_FILES]
            differs = bool(files) or _differ([version and version.digest for version in versions])
            rows.append(CodeRow(node, known[0].label, versions, files, differs))
        return rows

    def environments(self) -> list[EnvironmentRow]:
        """Return the environments, one row for all nodes with the same ones."""
        rows: dict[Any, EnvironmentRow] = {}
        for node, tasks in self._by_node.items():
            names = [task.environment if task else None for task in tasks]
            prints = [task.parts.environment if task and task.parts else None for task in tasks]
            known = rows.get(key := (*names, *prints))
            if known is not None:
                known.nodes.append(node)
                continue
            packages = self._packages(tasks)
            differs = (
                bool(packages)
                or _differ(names)
                # A task that never ran has no fingerprint. This alone is no difference.
                or _differ([fingerprint for fingerprint in prints if fingerprint])
            )
            rows[key] = EnvironmentRow([node], names, packages, differs)
        return list(rows.values())

    def _packages(self, tasks: Tasks) -> list[PackageRow]:
        """Return the packages that differ; none unless the packages of all runs are known."""
        known = [task.packages if task else {} for task in tasks]
        if not all(known):
            return []
        by_name = _by_name(known).items()
        rows = [PackageRow(name, versions) for name, versions in by_name if _differ(versions)]
        return sorted(rows, key=lambda row: row.name.lower())

    def timing(self) -> list[TimingRow]:
        """Return the durations of the runs, then those of each node."""
        whole = [record.seconds for record in self._records]
        rows = [TimingRow("", whole, [False] * len(whole), _differ(whole))]
        for node, tasks in self._by_node.items():
            seconds = [task.seconds if task else None for task in tasks]
            cached = [bool(task and task.cached) for task in tasks]
            rows.append(TimingRow(node, seconds, cached, _differ(seconds) or _differ(cached)))
        return rows


def _by_name(mappings: Sequence[Mapping[str, T]]) -> dict[str, list[T | None]]:
    names = sorted(set(chain.from_iterable(mappings)))
    return {name: [mapping.get(name) for mapping in mappings] for name in names}


def _differ(values: Sequence[Any]) -> bool:
    return any(value != values[0] for value in values[1:])
