"""Define the work of all contenders once, and check that it was done."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

Kind = Literal["notebook", "command"]
NOTEBOOK = (
    'number = 0\ninput_txt = ""\noutput_txt = "out.txt"',
    'before = open(input_txt).read()\ntext = f"{before}{number};"',
    'with open(output_txt, "w") as file:\n    file.write(text)\nprint(text)',
)
SOURCE = "0;"
# NUMBER OUTPUT [INPUT]
COMMAND = 'before=\n[ -z "$3" ] || read -r before < "$3"\necho "$before$1;" > "$2"\n'
CODE: dict[Kind, str] = {"notebook": "work.ipynb", "command": "work.sh"}


@dataclass(frozen=True)
class Step:
    """A step that appends its number to the text that it reads.

    The text comes from the step `before`. A first notebook reads the source, a first command
    nothing.
    """

    name: str
    number: int
    before: str = ""


@dataclass(frozen=True)
class Graph:
    """Steps of one kind, sorted so that each follows the step that it reads."""

    kind: Kind
    steps: tuple[Step, ...]

    def layers(self) -> list[list[Step]]:
        """Return the steps in layers; steps of a layer are independent of each other."""
        depth: dict[str, int] = {}
        layers: list[list[Step]] = []
        for step in self.steps:
            depth[step.name] = depth[step.before] + 1 if step.before else 0
            layers += [[]] * (depth[step.name] == len(layers))
            layers[depth[step.name]] = [*layers[depth[step.name]], step]
        return layers

    @property
    def width(self) -> int:
        """Return the largest number of independent steps."""
        return max(map(len, self.layers()))

    def texts(self) -> dict[str, str]:
        """Return the text that each step must write."""
        begin = SOURCE if self.kind == "notebook" else ""
        found: dict[str, str] = {}
        for step in self.steps:
            found[step.name] = f"{found.get(step.before, begin)}{step.number};"
        return found


def _graph(kind: Kind, count: int, before: Callable[[int], int | None]) -> Graph:
    names = [f"s{number}" for number in range(count)]
    reads = [before(number) for number in range(count)]
    return Graph(
        kind,
        tuple(
            Step(name, 100 + number, "" if at is None else names[at])
            for number, (name, at) in enumerate(zip(names, reads, strict=True))
        ),
    )


def chain(kind: Kind, count: int) -> Graph:
    """Return a graph where each step reads the previous one."""
    return _graph(kind, count, lambda n: n - 1 if n else None)


def fan_out(kind: Kind, count: int) -> Graph:
    """Return a graph where all steps read the first one."""
    return _graph(kind, count, lambda n: 0 if n else None)


def side_by_side(kind: Kind, count: int) -> Graph:
    """Return a graph of independent steps."""
    return _graph(kind, count, lambda n: None)


def grid(kind: Kind, chains: int, count: int) -> Graph:
    """Return several chains side by side."""
    return _graph(kind, count, lambda n: n - chains if n >= chains else None)


class Place:
    """A folder with a graph and its code; all outputs belong into `out`.

    With `again`, results of an earlier run may be reused.
    """

    def __init__(self, folder: Path, graph: Graph, *, again: bool = False):
        self.folder = folder
        self.graph = graph
        self.again = again
        self.out = folder / "out"
        self.out.mkdir(parents=True)
        self.code = folder / CODE[graph.kind]
        self.source = folder / "source.txt"
        self.source.write_text(SOURCE)
        self.code.write_text(notebook_text() if graph.kind == "notebook" else COMMAND)
        steps = [{**asdict(step), **self.files(step)} for step in graph.steps]
        told = {"kind": graph.kind, "code": str(self.code), "steps": steps}
        (folder / "graph.json").write_text(json.dumps(told))

    def files(self, step: Step) -> dict[str, str]:
        """Return the paths of a step: input (may be empty), output and executed notebook."""
        first = str(self.source) if self.graph.kind == "notebook" else ""
        return {
            "input": str(self.output(step.before)) if step.before else first,
            "output": str(self.output(step.name)),
            "executed": str(self.executed(step.name)),
        }

    def output(self, name: str) -> Path:
        """Return the path of a step's output."""
        return self.out / f"{name}.txt"

    def executed(self, name: str) -> Path:
        """Return the path of a step's executed notebook."""
        return self.out / f"{name}.ipynb"

    @cached_property
    def texts(self) -> dict[str, str]:
        """Return the expected text of each step."""
        return self.graph.texts()

    def check(self, *, injected: bool) -> None:
        """Check that every step was executed with its number and wrote the expected text."""
        written = {path.stem: path.read_text().strip() for path in self.out.glob("*.txt")}
        assert written == self.texts, "the texts that came out are not those of the graph"
        if self.graph.kind == "notebook":
            for step in self.graph.steps:
                _check_executed(self.executed(step.name), step, self.texts[step.name], injected)

    def times(self) -> dict[str, int]:
        """Return when each output was written."""
        return {path.name: path.stat().st_mtime_ns for path in self.out.glob("*.txt")}


def _check_executed(path: Path, step: Step, text: str, injected: bool) -> None:
    cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in cells]
    assert all(counts), f"{path.name}: not all cells were executed: {counts}"
    printed = "".join("".join(one.get("text", "")) for one in cells[-1]["outputs"])
    assert printed.strip() == text, f"{path.name} printed {printed!r} instead of {text!r}"
    given = [c for c in cells if "injected-parameters" in c["metadata"].get("tags", [])]
    if injected:
        (cell,) = given
        assert f"number = {step.number}" in "".join(cell["source"]), cell["source"]


def notebook_text(begin: str = "") -> str:
    """Return the notebook of three cells; `begin` is appended to the first."""
    sources = [NOTEBOOK[0] + begin, *NOTEBOOK[1:]]
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {"tags": ["parameters"]} if number == 0 else {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return json.dumps(whole, indent=1)
