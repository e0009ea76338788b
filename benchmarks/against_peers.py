"""Compare the same graphs in nbyard and in other tools for the same work.

    python benchmarks/against_peers.py [--rounds 5] [--scenarios one chain …] [--peers luigi …]
        [--smallest]

| scenario | what is done |
|---|---|
| one | one notebook of three cells with a parameter |
| chain | 20 notebooks, each reads the output of the previous one |
| fan | 20 notebooks, 19 of them read the output of the first |
| commands | 1,000 small shell scripts side by side |
| map | 1,000 small shell scripts, in nbyard as one map |
| swept | 20 notebooks, in nbyard as one map |
| unchanged | 100 small shell scripts in ten chains, once more without changes |
| container | one notebook in a container |

Peers are installed into their own environments in the user's cache folder, with nbyard's versions
of papermill, nbclient and ipykernel. The output names peers that cannot be installed or do not
start. Outside the measured time, texts and executed notebooks of every run are compared with the
expected ones. No process of a run may be left. `--smallest` uses only papermill's API, and
papermill in a container.
"""

import argparse
import contextlib
import itertools
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from parts.paired import measure, options_of, print_line, report
from peers.catalog import PEERS
from peers.environments import NEEDS_OWN, CannotTakePart
from peers.floors import FLOORS
from peers.graphs import Graph, Place, chain, fan_out, grid, side_by_side
from peers.peer import Peer, Way
from peers.processes import check_left

FEWER = 3
SMALLEST = ["api", "docker-run"]  # they live in nbyard's environment


@dataclass(frozen=True)
class Scenario:
    """A scenario and its contenders beside `ours`.

    The `slow` ones run three rounds only, without a warm-up round. The `slowest` ones run only on
    request. `again`: the second run is measured.
    """

    title: str
    graph: Callable[[int], Graph]
    count: int
    quick: tuple[str, ...] = ()
    slow: tuple[str, ...] = ()
    slowest: tuple[str, ...] = ()
    floors: tuple[str, ...] = ()
    again: bool = False
    ours: tuple[str, ...] = ("nbyard",)


SCENARIOS = {
    "one": Scenario(
        "One notebook",
        partial(chain, "notebook"),
        1,
        quick=("papermill", "papermill-clean", "api", "api-clean", "luigi", "snakemake"),
        slow=("ploomber", "prefect", "elyra"),
        floors=("python", "kernel"),
    ),
    "chain": Scenario(
        "A chain of notebooks",
        partial(chain, "notebook"),
        20,
        quick=("api",),
        slow=("luigi", "ploomber", "elyra"),
        slowest=("prefect", "snakemake", "papermill", "papermill-clean"),
        floors=("kernel",),
    ),
    "fan": Scenario(
        "A fan-out of notebooks",
        partial(fan_out, "notebook"),
        20,
        quick=("api",),
        slow=("luigi", "ploomber", "prefect"),
        slowest=("elyra", "snakemake", "papermill", "papermill-clean"),
        floors=("kernel",),
    ),
    "commands": Scenario(
        "Small commands side by side",
        partial(side_by_side, "command"),
        1000,
        slow=("luigi", "snakemake"),
        slowest=("prefect", "ploomber"),
        floors=("spawn",),
    ),
    "map": Scenario(
        "A map of small commands",
        partial(side_by_side, "command"),
        1000,
        quick=("dask",),
        slow=("snakemake", "prefect"),
        floors=("spawn",),
        ours=("nbyard-map",),
    ),
    "swept": Scenario(
        "A map of notebooks",
        partial(side_by_side, "notebook"),
        20,
        quick=("dask",),
        slow=("prefect", "snakemake"),
        floors=("kernel",),
        ours=("nbyard-map",),
    ),
    "unchanged": Scenario(
        "An unchanged graph of commands",
        partial(grid, "command", 10),
        100,
        quick=("luigi", "snakemake", "ploomber"),
        floors=("python",),
        again=True,
    ),
    "container": Scenario(
        "Notebooks in a container",
        partial(chain, "notebook"),
        1,
        quick=("docker-run",),
        floors=("container",),
        ours=("fresh-container",),
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nodes", type=int, default=0, help="smaller graphs, to try it out")
    parser.add_argument("--scenarios", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--all", action="store_true", help="with peers that take many minutes")
    options = options_of(parser, rounds=1, nodes=2, peers=SMALLEST)
    failed = []
    with contextlib.ExitStack() as stack:
        running = Running(stack)
        for key in options.scenarios:
            if options.smallest:
                done = succeeds(key, options, running)
            else:  # what another scenario has started does not disturb this one
                with contextlib.ExitStack() as own:
                    done = succeeds(key, options, Running(own))
            failed += [key] * (not done)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def succeeds(key: str, options: argparse.Namespace, running: "Running") -> bool:
    """Measure a scenario; a failure does not stop the others."""
    start = time.monotonic()
    try:
        Bench(key, options, running).run()
    except (AssertionError, RuntimeError, subprocess.SubprocessError):
        traceback.print_exc()
        return False
    sys.stderr.write(f"{time.monotonic() - start:.0f} s in all\n\n")
    return True


class Contender:
    """One way of running a peer."""

    def __init__(self, peer: Peer, way: Way, place: Callable[[], Place], *, again: bool):
        self._peer = peer
        self._way = way
        self._place = place
        self._again = again
        self._known: Place | None = None

    def __call__(self) -> float:
        """Return the seconds of the run itself, without preparation and checks."""
        if not self._again:
            return self.once(self._place())
        if self._known is None:
            self._known = self._place()
            self._peer.express(self._known)
            self._do(self._known)
        before = self._known.times()
        seconds = self._do(self._known)
        self._peer.check_unchanged(self._known, before)
        return seconds

    def once(self, place: Place) -> float:
        """Run a graph once and delete its folder; return the seconds."""
        self._peer.express(place)
        seconds = self._do(place)
        shutil.rmtree(place.folder)
        return seconds

    def _do(self, place: Place) -> float:
        start = time.perf_counter()
        self._way(place)
        seconds = time.perf_counter() - start
        self._peer.collect(place)
        place.check(injected=self._peer.injects)
        check_left(self._peer.left)
        return seconds


class Running:
    """Starts peers and keeps them running until the stack closes."""

    def __init__(self, stack: contextlib.ExitStack):
        self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        self._stack = stack
        self._peers: dict[str, Peer] = {}

    def peer(self, key: str) -> Peer:
        """Start a peer, or return the one that already runs.

        Raises:
            CannotTakePart: the peer cannot be installed or does not start.
        """
        if key not in self._peers:
            made = PEERS[key].made(self.folder / key, Path(sys.executable))
            self._peers[key] = self._stack.enter_context(made)
        return self._peers[key]


class Bench:
    """A scenario with its contenders."""

    def __init__(self, key: str, options: argparse.Namespace, running: Running):
        self._key = key
        self._scenario = scenario = SCENARIOS[key]
        self._options = options
        self._count = min(options.nodes or scenario.count, scenario.count)
        self._running = running
        self._numbers = itertools.count()
        self._left_out: dict[str, str] = {}

    def run(self) -> None:
        """Measure all contenders of the scenario and report them."""
        scenario, options = self._scenario, self._options
        title = f"{scenario.title}: {self._count}"
        ours = self._contenders(scenario.ours)
        if not ours:
            print_line(title, scenario=self._key, left_out=self._left_out)
            return
        quick = ours | self._contenders(scenario.quick)
        slow = self._contenders(scenario.slow + scenario.slowest * options.all)
        floors = {f"floor: {key}": FLOORS[key] for key in scenario.floors}
        if options.warm_up:
            for contender in quick.values():  # imports, compiled files
                contender.once(self._place(min(self._count, 2)))
            for floor in floors.values():
                floor()
        fewer = dict.fromkeys(slow, min(FEWER, options.rounds))
        seconds = measure({**quick, **slow, **floors}, options.rounds, fewer=fewer)
        nodes = {name: 1 if name in floors else self._count for name in seconds}
        more = {"scenario": self._key, "left_out": self._left_out}
        report(title, seconds, list(ours), nodes, **more)

    def _contenders(self, keys: Sequence[str]) -> dict[str, Contender]:
        found: dict[str, Contender] = {}
        place, again = partial(self._place, self._count), self._scenario.again
        for key in keys:
            try:
                peer = self._peer(key)
            except CannotTakePart as error:
                self._left_out[key] = str(error)
                continue
            for name, way in peer.ways.items():
                found[name] = Contender(peer, way, place, again=again)
        return found

    def _peer(self, key: str) -> Peer:
        if key not in (*self._options.peers, *self._scenario.ours):
            raise CannotTakePart(NEEDS_OWN if PEERS[key].packages else "not chosen")
        return self._running.peer(key)

    def _place(self, count: int) -> Place:
        folder = self._running.folder / f"place-{self._key}-{next(self._numbers)}"
        return Place(folder, self._scenario.graph(count), again=self._scenario.again)


if __name__ == "__main__":
    main()
