"""Compare a notebook in a container in nbyard and in `docker run` with papermill.

    DOCKER_HOST=… python benchmarks/container_overhead.py [--base IMAGE] [--rounds 5] [--steps 10]
    python benchmarks/container_overhead.py --own-engine [--smallest]

All run in the same image, which nbyard builds for notebooks on the base image.

| contender | what is measured |
|---|---|
| docker run, papermill | `docker run --rm IMAGE papermill IN OUT -p …` |
| nbyard, fresh container | submit to succeeded, through a running dispatcher |
| nbyard, warm container, whole chain | a chain, submit to succeeded, per notebook |
| nbyard, warm container, next notebook | the same chain without its first notebook |
| floor: docker run | `docker run --rm IMAGE true` |
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from notebook_overhead import SECONDS, dispatcher
from parts.engines import engine_options, engine_settings
from parts.paired import Work, measure, options_of, print_line, report
from peers.environments import CannotTakePart
from peers.graphs import Graph, Place, chain
from peers.ours import FLOW, OUTPUT, steps_of, write_flow

from nbyard.discover import LocalNoun
from nbyard.dockerd import STORE, Engine
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, RunDetail
from nbyard.host.wakeup import open_listener
from nbyard.images.builds import environment_image
from nbyard.rest.identity import local_name
from nbyard.yard import Yard

ENDED = ("succeeded", "failed", "cancelled")
TITLE = "A notebook in a container"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    engine_options(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=10)
    options = options_of(parser, rounds=1, steps=2, own_engine=True)
    try:
        compare(options)
    except CannotTakePart as error:
        print_line(TITLE, left_out={"nbyard": str(error)})


def compare(options: argparse.Namespace) -> None:
    """Measure all contenders on an engine."""
    with (
        tempfile.TemporaryDirectory() as name,
        engine_settings(options) as settings,
        dispatcher(Path(name), **settings) as yard,
    ):
        bench = Bench(Path(name), yard)
        contenders: dict[str, Work] = {
            "docker run, papermill": bench.papermill,
            "nbyard, fresh container": lambda: bench.ours("fresh", 1)[0],
            "nbyard, warm container, whole chain": lambda: bench.ours("warm", options.steps)[0],
            "nbyard, warm container, next notebook": lambda: bench.ours("warm", options.steps)[1],
            "floor: docker run": lambda: bench.docker("true"),
        }
        seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
        bench.check_left()
    report(TITLE, seconds, ("docker run, papermill",))


class Bench:
    """The notebooks and the ways to run them in a container."""

    def __init__(self, folder: Path, yard: Yard):
        self._folder = folder
        self._yard = yard
        self._runs: Any = LocalNoun(yard.services, "runs", Caller(local_name()))
        self._engine = Engine(yard.settings.docker_host)
        base, network = yard.settings.docker_base_image, yard.settings.docker_build_network
        told = partial(print, file=sys.stderr)
        self._image = environment_image(
            self._engine, base, "", True, told, blobs=yard.context.blobs, network=network
        )
        self._places = 0

    def _place(self, graph: Graph) -> Place:
        self._places += 1
        return Place(self._folder / f"place{self._places}", graph)

    def docker(self, *words: str, folder: Path | None = None) -> None:
        """Run a command with `docker run`."""
        where = ["-v", f"{folder}:/work", "-w", "/work"] if folder else []
        who = ["--user", f"{os.getuid()}:{os.getgid()}", "-e", "HOME=/tmp"]
        command = ["docker", "run", "--rm", *where, *who, self._image, *words]
        told = {**os.environ, "DOCKER_HOST": self._engine.url}
        subprocess.run(command, check=True, capture_output=True, timeout=SECONDS, env=told)

    def papermill(self) -> float:
        """Run one notebook with papermill in `docker run`; return the seconds."""
        place = self._place(chain("notebook", 1))
        step = place.graph.steps[0]
        values = {
            "number": step.number,
            "input_txt": place.source.name,
            "output_txt": f"out/{place.output(step.name).name}",
        }
        words = [word for name, value in values.items() for word in ("-p", name, str(value))]
        executed = f"out/{place.executed(step.name).name}"
        begun = time.perf_counter()
        self.docker("papermill", place.code.name, executed, *words, folder=place.folder)
        took = time.perf_counter() - begun
        place.check(injected=True)
        return took

    def ours(self, containers: Any, steps: int) -> tuple[float, float]:
        """Return the seconds per notebook of a chain, and per notebook after the first."""
        place = self._place(chain("notebook", steps))
        write_flow(place, steps_of(place))
        begun = time.perf_counter()
        path = str(place.folder / FLOW)
        wish = NewRun(path=path, runtime="docker", containers=containers, force=True)
        detail = self._ended(self._runs.create(body=wish).id)
        took = time.perf_counter() - begun
        self._collect(place, detail)
        place.check(injected=True)
        ends = sorted(task.finished_at.timestamp() for task in detail.tasks if task.finished_at)
        return took / steps, (ends[-1] - ends[0]) / max(1, steps - 1)

    def _ended(self, run: str) -> RunDetail:
        deadline = time.monotonic() + SECONDS
        with open_listener(self._yard.store.folder) as listener:
            detail: RunDetail = self._runs.get(run=run)
            while detail.run.state not in ENDED:
                assert time.monotonic() < deadline, "the run does not end"
                listener.wait(0.5)
                detail = self._runs.get(run=run)
        assert detail.run.state == "succeeded", [task.failure for task in detail.tasks]
        return detail

    def _collect(self, place: Place, detail: RunDetail) -> None:
        for task in detail.tasks:
            assert not task.cached and len(task.attempts) == 1, task
            for artifact in task.artifacts:
                kept = self._yard.context.blobs.path(artifact.digest)
                if artifact.name == OUTPUT:
                    shutil.copy(kept, place.output(task.node))
                elif artifact.format == "ipynb":
                    shutil.copy(kept, place.executed(task.node))

    def check_left(self) -> None:
        """Check that no container is left, so that no speed comes from skipped cleaning."""
        deadline = time.monotonic() + SECONDS
        while left := names(self._engine.owned_objects(STORE, self._yard.store.id)):
            assert time.monotonic() < deadline, f"left behind: {left}"
            time.sleep(0.2)


def names(found: Iterable[Any]) -> list[str]:
    """Return the kinds and names of objects on the engine."""
    return [f"{one.kind} {one.name}" for one in found]


if __name__ == "__main__":
    main()
