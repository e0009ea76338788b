"""Measure the time of one node: commands, functions, small notebooks and unchanged graphs.

    python benchmarks/nodes.py [--nodes 100] [--rounds 3] [--shapes commands chain …] [--smallest]
    python benchmarks/nodes.py --nodes 10 100 1000 10000 --rounds 1 --shapes commands alike

| shape | what is measured, for each node |
|---|---|
| commands | independent no-op commands, submit to succeeded |
| chain | the same, each with the output of the previous one |
| functions | independent calls of a no-op function, submit to succeeded |
| handed | functions in a chain, each with the return value of the previous one |
| notebooks | notebooks of one cell side by side, `--notebooks` of them |
| unchanged | the graph of `commands` once more: all of it comes from the cache |
| shell | the same from a shell: `nbyard run` until it returns |
| alike | equal nodes, once more: one result is found for all of them |

Outputs are read and compared. The benchmark fails if a node was not executed, came from an
unexpected place, or left a process behind. The processor time is that of the dispatcher alone,
without the processes that it starts.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from notebook_overhead import CELLS, ENDED, SECONDS, dispatcher
from parts.paired import options_of, print_line

from nbyard.discover import LocalNoun
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, RunDetail, Task
from nbyard.host.wakeup import open_listener
from nbyard.rest.identity import local_name
from nbyard.runtimes.supervisor_parents import NO_ATTEMPT
from nbyard.yard import Yard

WORK = 'if [ -n "$SOURCE" ]; then read before < "$SOURCE"; fi\necho "$before$N" > "$OUT"\n'
STEPS = """
from pathlib import Path

def noop(n: int) -> None:
    pass

def more(source: Path = Path("start.txt"), n: int = 0) -> str:
    return source.read_text() + str(n)
"""
TICKS = os.sysconf("SC_CLK_TCK")
Measured = dict[str, list[float]]
Case = tuple[str, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[100])
    parser.add_argument("--notebooks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    usual = [shape for shape in SHAPES if shape != "alike"]
    parser.add_argument("--shapes", nargs="+", default=usual, choices=list(SHAPES))
    options = options_of(parser, nodes=[2], notebooks=2, rounds=1, shapes=list(SHAPES))
    sizes = {"notebooks": [options.notebooks]}
    cases = [(shape, n) for shape in options.shapes for n in sizes.get(shape, options.nodes)]
    found: dict[Case, Measured] = {case: {"wall": [], "cpu": []} for case in cases}
    with tempfile.TemporaryDirectory() as name, dispatcher(Path(name)) as yard:
        bench = Bench(yard, Path(name))
        bench.run(bench.graph("warm", 1))
        for _ in range(options.rounds):
            for shape, nodes in cases:
                SHAPES[shape](bench, nodes, found[shape, nodes])
    report(found)


class Bench:
    """A store with a running dispatcher, and graphs in a folder."""

    def __init__(self, yard: Yard, folder: Path):
        self.yard = yard
        self.folder = folder
        self.runs: Any = LocalNoun(yard.services, "runs", Caller(local_name()))
        (folder / "work.sh").write_text(WORK)
        told: list[dict[str, object]] = [
            {"name": "source", "role": "input", "required": False},
            {"name": "n", "role": "value", "type": "int", "default": 0},
            {"name": "out", "role": "output", "format": "txt"},
        ]
        for argument in told:
            argument["reach"] = {"kind": "variable", "variable": str(argument["name"]).upper()}
        (folder / "steps.py").write_text(STEPS)
        (folder / "start.txt").write_text("")
        description = {"version": 1, "kind": "command", "arguments": told}
        (folder / "work.sh.nbexec").write_text(json.dumps(description))

    def graph(
        self,
        name: str,
        count: int,
        *,
        chained: bool = False,
        numbered: bool = True,
        path: str = "work.sh",
        output: str = "out",
    ) -> Path:
        """Write a workflow of equal nodes and return its path."""
        numbered &= not path.endswith(".ipynb")
        values = [{"n": {"value": n}} if numbered else {} for n in range(count)]
        nodes = {
            f"n{n}": {"type": "executable", "path": path, "arguments": value}
            for n, value in enumerate(values)
        }
        edges = {
            f"n{n - 1}.{output}->n{n}.source": {
                "source": f"n{n - 1}",
                "output": output,
                "target": f"n{n}",
                "input": "source",
            }
            for n in range(1, count if chained else 0)
        }
        whole = {"version": 1, "meta": {}, "nodes": nodes, "edges": edges, "positions": {}}
        place = self.folder / f"{name}.nbflow"
        place.write_text(json.dumps(whole))
        return place

    def notebook(self) -> str:
        """Write the small notebook and return its name."""
        cells: list[dict[str, object]] = [
            {
                "cell_type": "code",
                "id": f"c{n}",
                "metadata": {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for n, source in enumerate(CELLS)
        ]
        kernel = {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
        whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
        (self.folder / "small.ipynb").write_text(json.dumps(whole))
        return "small.ipynb"

    def run(self, graph: Path, *, force: bool = True) -> RunDetail:
        """Run a graph from its submission to its end."""
        return self.ended(self.runs.create(body=NewRun(path=str(graph), force=force)).id)

    def ended(self, run: str) -> RunDetail:
        """Return a run when it has ended, with success."""
        deadline = time.monotonic() + SECONDS * 20
        with open_listener(self.yard.store.folder) as listener:
            while self.state(run) not in ENDED:
                assert time.monotonic() < deadline, "the run does not end"
                listener.wait_for_news(0.5)
        detail: RunDetail = self.runs.get(run=run)
        assert detail.run.state == "succeeded", detail.run
        return detail

    def state(self, run: str) -> str:
        """Return the state of a run from the store."""
        with self.yard.store.read() as c:
            found = self.yard.store.runs.by_id(c, run)
        return found.state if found else ""

    def cpu(self) -> float:
        """Return the processor time of the dispatcher so far, in seconds."""
        with self.yard.store.read() as c:
            lease = self.yard.store.leases.get(c, "dispatcher")
        assert lease is not None
        pid = lease.holder.split(":")[1]
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def text(self, detail: RunDetail, node: str, output: str = "out") -> str:
        """Return the text of a node's output."""
        (task,) = (task for task in detail.tasks if task.node == node)
        return self.said(task, output)

    def said(self, task: Task, output: str = "out") -> str:
        """Return the text of an output."""
        (digest,) = (artifact.digest for artifact in task.artifacts if artifact.name == output)
        return self.yard.context.blobs.path(digest).read_text().strip()

    def check_nothing_is_left(self) -> None:
        """Check that no process of an attempt is left after some time."""
        deadline = time.monotonic() + SECONDS
        while left := self._left():
            assert time.monotonic() < deadline, left
            time.sleep(0.05)

    def _left(self) -> list[str]:
        mark = f"NBYARD_STORE={self.yard.store.id}".encode()
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                words = place.read_bytes().split(b"\0")
            except OSError:
                continue
            attempt = [w for w in words if w.startswith(b"NBYARD_ATTEMPT_ID=")]
            if mark in words and attempt and attempt[0][18:] != NO_ATTEMPT.encode():
                found.append(place.parent.name)
        return found


def measured(bench: Bench, found: Measured, nodes: int, work: Callable[[], Any]) -> Any:
    """Run the work, and record wall and processor time for each node."""
    before, start = bench.cpu(), time.perf_counter()
    what = work()
    found["wall"].append((time.perf_counter() - start) / nodes)
    found["cpu"].append((bench.cpu() - before) / nodes)
    return what


def commands(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure independent commands."""
    graph = bench.graph("commands", nodes)
    detail = measured(bench, found, nodes, lambda: bench.run(graph))
    check_commands(bench, detail, nodes, cached=False)


def chain(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure commands in a chain."""
    graph = bench.graph("chain", nodes, chained=True)
    detail = measured(bench, found, nodes, lambda: bench.run(graph))
    last = f"n{nodes - 1}"
    assert bench.text(detail, last) == "".join(map(str, range(nodes)))
    bench.check_nothing_is_left()


def functions(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure independent function calls."""
    graph = bench.graph("functions", nodes, path="steps.py::noop")
    detail = measured(bench, found, nodes, lambda: bench.run(graph))
    assert len(detail.tasks) == nodes
    done: dict[str, str] = {}
    for task in detail.tasks:
        (attempt,) = task.attempts
        assert not task.cached and attempt.state == "succeeded", task
        if attempt.worker not in done:
            done[attempt.worker] = Path(attempt.folder, "results.jsonl").read_text()
        assert attempt.id in done[attempt.worker]
    assert sum(text.count('"succeeded"') for text in done.values()) == nodes
    bench.check_nothing_is_left()


def handed(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure functions in a chain."""
    graph = bench.graph("handed", nodes, path="steps.py::more", chained=True, output="result")
    detail = measured(bench, found, nodes, lambda: bench.run(graph))
    last = bench.text(detail, f"n{nodes - 1}", "result")
    assert last == "".join(map(str, range(nodes)))
    bench.check_nothing_is_left()


def notebooks(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure notebooks side by side."""
    graph = bench.graph("notebooks", nodes, path=bench.notebook())
    detail = measured(bench, found, nodes, lambda: bench.run(graph))
    for task in detail.tasks:
        (artifact,) = task.artifacts
        whole = json.loads(bench.yard.context.blobs.path(artifact.digest).read_text())
        assert whole["cells"][-1]["outputs"][0]["text"] == "2\n", whole["cells"][-1]
    bench.check_nothing_is_left()


def unchanged(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure an unchanged graph."""
    graph = bench.graph("same", nodes, chained=True)
    bench.run(graph, force=False)
    detail = measured(bench, found, nodes, lambda: bench.run(graph, force=False))
    assert all(task.cached for task in detail.tasks)
    assert bench.text(detail, "n1") == "01"


def alike(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure equal nodes with one cached result."""
    graph = bench.graph("alike", nodes, numbered=False)
    bench.run(graph, force=False)
    detail = measured(bench, found, nodes, lambda: bench.run(graph, force=False))
    assert len(detail.tasks) == nodes and all(task.cached for task in detail.tasks)
    (digest,) = {artifact.digest for task in detail.tasks for artifact in task.artifacts}
    assert bench.yard.context.blobs.path(digest).read_text() == "0\n"


def shell(bench: Bench, nodes: int, found: Measured) -> None:
    """Measure an unchanged graph from a shell."""
    graph = bench.graph("same", nodes, chained=True)
    bench.run(graph, force=False)
    command = [sys.executable, "-m", "nbyard.cli.main", "run", str(graph)]
    environment = {**os.environ, **bench.yard.settings.environment()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is compiled

    def call() -> None:
        subprocess.run(command, check=True, capture_output=True, env=environment)

    call()
    measured(bench, found, nodes, call)


def check_commands(bench: Bench, detail: RunDetail, nodes: int, *, cached: bool) -> None:
    """Check the outputs of commands, and that each ran once or came from the cache."""
    assert {task.node for task in detail.tasks} == {f"n{n}" for n in range(nodes)}
    for task in detail.tasks:
        assert task.cached == cached and len(task.attempts) == (not cached), task
        assert f"n{bench.said(task)}" == task.node
    bench.check_nothing_is_left()


SHAPES = {
    "commands": commands,
    "chain": chain,
    "functions": functions,
    "handed": handed,
    "notebooks": notebooks,
    "unchanged": unchanged,
    "shell": shell,
    "alike": alike,
}


def report(found: dict[Case, Measured]) -> None:
    """Write a readable table to standard error, and a line of JSON to standard output."""
    lines = [
        f"{'milliseconds a node':20} {'nodes':>6} {'wall':>8} {'min':>8} {'cpu':>8} {'min':>8}"
    ]
    for (shape, nodes), what in found.items():
        wall, cpu = ([1000 * one for one in what[name]] for name in ("wall", "cpu"))
        lines.append(
            f"{shape:20} {nodes:6} {statistics.median(wall):8.2f} {min(wall):8.2f}"
            f" {statistics.median(cpu):8.2f} {min(cpu):8.2f}"
        )
    sys.stderr.write("\n".join(lines) + "\n")
    told = [{"shape": shape, "nodes": nodes, **what} for (shape, nodes), what in found.items()]
    print_line("Seconds for each node", seconds_a_node=told)


if __name__ == "__main__":
    main()
