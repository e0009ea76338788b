"""Measure the time of one element of a map, against a node of a graph with the same work.

    python benchmarks/maps.py [--elements 1000] [--notebooks 20] [--rounds 3] [--smallest]

| contender | what is measured, for each element |
|---|---|
| commands | a map over a no-op command, submit to succeeded, its results collected |
| nodes | a graph of as many independent nodes with that command |
| functions | a map over a function, whose calls share a process |
| notebooks | a map over a notebook of one cell |
| unchanged | the map of `commands` once more: all elements come from the cache |

The processor time is that of the dispatcher alone, without the processes that it starts. It is the
overhead of the engine. The benchmark fails if an element did not succeed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from nodes import Bench
from notebook_overhead import dispatcher
from parts.paired import options_of, print_line

from nbyard.domain.runs.structs import NewRun

Work = Callable[[], object]
PARAMETERS, CELL = "n = 1\noutput_out = 'out.txt'", "open(output_out, 'w').write(str(n))"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--elements", type=int, default=1000)
    parser.add_argument("--notebooks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    options = options_of(parser, elements=3, notebooks=2, rounds=1)
    measured: dict[str, list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as name, dispatcher(Path(name)) as yard:
        bench = Bench(yard, Path(name))
        write_notebook(bench.folder)
        bench.run(bench.graph("warm", 1))
        graph = bench.graph("graph", options.elements)
        count, few = options.elements, options.notebooks
        contenders: dict[str, tuple[int, Work]] = {
            "commands": (count, lambda: swept(bench, "work.sh", count)),
            "nodes": (count, lambda: bench.run(graph)),
            "functions": (count, lambda: swept(bench, "steps.py::noop", count)),
            "notebooks": (few, lambda: swept(bench, "cell.ipynb", few)),
            "unchanged": (count, lambda: swept(bench, "work.sh", count, force=False)),
        }
        for _ in range(options.rounds):
            for contender, (_, work) in contenders.items():
                wall, cpu = time.perf_counter(), bench.cpu()
                work()
                spent = time.perf_counter() - wall, bench.cpu() - cpu
                measured.setdefault(contender, []).append(spent)
    each = {
        name: {
            "wall_ms": 1000 * min(wall for wall, _ in measured[name]) / count,
            "cpu_ms": 1000 * min(cpu for _, cpu in measured[name]) / count,
        }
        for name, (count, _) in contenders.items()
    }
    for name, figures in each.items():
        sys.stderr.write(
            f"{name:10} {figures['wall_ms']:8.2f} ms {figures['cpu_ms']:8.2f} ms CPU\n"
        )
    print_line("An element of a map", elements=options.elements, each=each)


def write_notebook(folder: Path) -> None:
    """Write a notebook with a parameters cell and one more cell."""
    common: dict[str, object] = {"cell_type": "code", "outputs": [], "execution_count": None}
    parameters: dict[str, object] = {
        "id": "a",
        "metadata": {"tags": ["parameters"]},
        "source": PARAMETERS,
    }
    cells = [common | parameters, common | {"id": "b", "metadata": {}, "source": CELL}]
    kernel = {"kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    (folder / "cell.ipynb").write_text(json.dumps(whole))


def swept(bench: Bench, path: str, count: int, *, force: bool = True) -> None:
    """Run a map over the parameter n, and check how its elements ended."""
    body = NewRun(str(bench.folder / path), sweep={"n": f"1..{count}"}, force=force)
    made = bench.runs.create(body=body)
    detail = bench.ended(made.id)
    reason = detail.tasks[0].reason
    assert reason is not None and reason.params["succeeded"] == count, reason


if __name__ == "__main__":
    main()
