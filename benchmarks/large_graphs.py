"""Measure the processor time and memory of a workflow of N nodes.

    python benchmarks/large_graphs.py [--nodes 10 100 1000 10000] [--shapes chain fan layered]
        [--smallest]

| part | what is measured |
|---|---|
| shared document, set | put the text of the document into the shared model |
| shared document, save | write it from there |
| check while drawing | `workflows.check` |
| plan and store a run | `runs.create`, without a dispatcher |
| read all in pages | `runs.tasks`, 500 nodes a page |
| read the first page | the first of them |
| read what changed: nothing | `runs.tasks` since the newest change |
| whole run as JSON, MB | the size of `runs.get` |
| memory above start, MB | the peak of the process minus its peak before the document is read |
| floor: msgspec decode | the same document |
| floor: msgspec encode | the same document |
| floor: plain INSERT | as many rows of the same size into SQLite |

Each size is measured in its own process, because the peak memory belongs to a process.
"""

import argparse
import dataclasses
import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from jupyter_ydoc import ydocs
from parts import graphs
from parts.paired import options_of, print_line

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard

PAGE = 500
CALLER = Caller(local_name())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[10, 100, 1000, 10_000])
    parser.add_argument("--shapes", nargs="+", choices=graphs.SHAPES, default=graphs.SHAPES)
    parser.add_argument("--one", action="store_true", help="print this size, for ourselves")
    options = options_of(parser, nodes=[3], shapes=["layered"])
    if options.one:
        sys.stdout.write(json.dumps(measured(options.nodes[0], options.shapes[0])))
        return
    for shape in options.shapes:
        sizes = {nodes: apart(nodes, shape) for nodes in options.nodes}
        print_line(f"A workflow: {shape}", sizes=sizes)
        show(shape, sizes)


def apart(nodes: int, shape: str) -> dict[str, float]:
    """Measure one size in a new process."""
    command = [sys.executable, __file__, "--one", "--nodes", str(nodes), "--shapes", shape]
    found: dict[str, float] = json.loads(subprocess.run(command, check=True, stdout=-1).stdout)
    return found


def show(shape: str, sizes: dict[int, dict[str, float]]) -> None:
    """Print milliseconds of CPU, in total and for each node."""
    lines = [f"{shape}: ms of CPU (µs a node)", f"{'':28}" + "".join(f"{n:>18,}" for n in sizes)]
    for name in next(iter(sizes.values())):
        cells = []
        for nodes, found in sizes.items():
            value = found[name]
            plain = name.endswith("MB")
            text = f"{value:.1f}" if plain else f"{value * 1e3:.1f} ({value * 1e6 / nodes:.0f})"
            cells.append(f"{text:>18}")
        lines.append(f"{name:28}" + "".join(cells))
    sys.stderr.write("\n".join(lines) + "\n")


def measured(nodes: int, shape: Any) -> dict[str, float]:
    """Measure one size in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = graphs.write(folder, nodes, shape)
        settings = Settings(store_dir=str(folder / "store"))
        with Yard.open(settings, root=folder) as yard:
            still(yard)
            before = peak()
            found = dict(costs(yard, path))
        found["memory above start, MB"] = peak() - before
        found["document, MB"] = path.stat().st_size / 1e6
        return {**found, **dict(floors(path, nodes))}


def still(yard: Yard) -> None:
    """Disable the dispatcher, which another benchmark measures."""
    runs = yard.services.runs
    runs._context = dataclasses.replace(
        runs._context, ensure_dispatcher=lambda: None, watch=lambda: None
    )


def costs(yard: Yard, path: Path) -> Iterator[tuple[str, float]]:
    """Yield the cost of each part."""
    text = path.read_text()
    services = yard.services
    shared = ydocs["nbflow"]()
    yield "shared document, set", cpu(lambda: shared.set(text))
    yield "shared document, save", cpu(shared.get)
    asked = CheckWorkflow(path=path.name, document=text)
    yield "check while drawing", cpu(lambda: services.workflows.check(CALLER, asked))
    made: list[Any] = []
    body = NewRun(path=path.name)
    yield "plan and store a run", cpu(lambda: made.append(services.runs.create(CALLER, body)))
    yield "read all in pages", cpu(lambda: pages(services.runs, made[0].id))
    first = {"run": made[0].id, "limit": PAGE}
    yield "read the first page", cpu(lambda: services.runs.tasks(CALLER, **first))
    last = services.runs.tasks(CALLER, made[0].id, limit=1).last
    since = {"run": made[0].id, "since": last}
    yield "read what changed: nothing", cpu(lambda: services.runs.tasks(CALLER, **since))
    detail = services.runs.get(CALLER, made[0].id)
    yield "whole run as JSON, MB", len(msgspec.json.encode(detail)) / 1e6


def pages(runs: Any, run: str) -> None:
    """Read all tasks of a run in pages."""
    after: str | None = ""
    while after is not None:
        page = runs.tasks(CALLER, run, limit=PAGE, after=after)
        msgspec.json.encode(page)
        after = page.next


def floors(path: Path, nodes: int) -> Iterator[tuple[str, float]]:
    """Yield the cost of the floors."""
    content = path.read_bytes()
    document = msgspec.json.decode(content)
    yield "floor: msgspec decode", cpu(lambda: msgspec.json.decode(content))
    yield "floor: msgspec encode", cpu(lambda: msgspec.json.encode(document))
    with sqlite3.connect(path.with_suffix(".sqlite")) as database:
        database.execute("create table floor (id text primary key, plan text)")
        rows = [(f"{number:032}", "x" * 700) for number in range(nodes)]
        statement = "insert into floor values (?, ?)"
        yield "floor: plain INSERT", cpu(lambda: database.executemany(statement, rows))


def cpu(work: Callable[[], object]) -> float:
    """Return the seconds of CPU, which other work on the machine hardly affects."""
    start = time.process_time()
    work()
    return time.process_time() - start


def peak() -> float:
    """Return the peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
