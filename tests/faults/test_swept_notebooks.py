"""Sweep 200 values over three notebooks, of which five fail, under random kills.

Each element ends once in each notebook: `in = out + failed + skipped`. A retry runs only what
failed, and what is after that.
"""

import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import psutil
import pytest
from tests.integration.dask.ground import ground

from nbyard.domain.maps.structs import ALL

from ..notebooks import PARAMETERS, notebook
from .checker import NOT_WORK, histories, overlaps
from .conftest import SEED
from .place import ENDED, SETTLE_SECONDS, Place, is_gone, until
from .test_maps import table

ELEMENTS = 200
# Of the few tasks of the retry, none may be lost three times, which would fail it.
FIRST_KILLS = ["attempt"] * 16 + ["dispatcher"] * 8
RETRY_KILLS = ["attempt"] * 2 + ["dispatcher"] * 4
LONGEST_PAUSE_SECONDS = {"process": 1.5, "dask": 15.0}
CHAIN = {"a": [], "b": ["a"], "c": ["b"], "total": ["c"]}
MAPS = ("a", "b", "c")
BAD = {"a": [20, 60], "b": [100, 140], "c": [180]}
PARAMETERS_OF = {"a": "number = 0", "b": "input_in0 = ''", "c": "input_in0 = ''"}
WORK = """
import os, uuid
from pathlib import Path
seen = Path(input_in0).read_text() if "input_in0" in globals() else ""
number = int(seen.partition("-")[0]) if seen else number
nonce = f"{number}-{uuid.uuid4()}"
names = ("NBYARD_RUN_ID", "NBYARD_NODE_ID", "NBYARD_ATTEMPT_ID")
with open(WITNESS, "a") as witness:
    witness.write(" ".join([*(os.environ[name] for name in names), nonce, seen]) + "\\n")
node = os.environ["NBYARD_NODE_ID"].partition(".")[0]
assert number not in BAD[node] or Path(MENDED).exists(), "injected"
Path(output_out).write_text(nonce)
"""
# It fails, and so does the run, if the result of some element is missing.
TOTAL = """
echo "$NBYARD_RUN_ID total $NBYARD_ATTEMPT_ID total" >> WITNESS
! grep -Eq '"state": "(failed|skipped|cancelled)"' "$IN0" || exit 3
echo total > "$OUT"
"""


def swept_flow(place: Place) -> str:
    path = place.root / place.flow(CHAIN, notebooks=MAPS)
    document = json.loads(path.read_text())
    grid = {"kind": "grid", "values": {"number": [*range(1, ELEMENTS + 1)]}}
    document["nodes"]["a"]["map"] = {"each": grid, "on_failure": "all"}
    for edge in document["edges"].values():
        edge["output"] = ALL if edge["target"] == "total" else edge["output"]
    for node in MAPS:
        document["nodes"][node]["path"] = f"{node}.ipynb"
    path.write_text(json.dumps(document))
    names = {"WITNESS": place.witness, "MENDED": place.gate}
    work, total = WORK.replace("BAD", str(BAD)), TOTAL.replace("WITNESS", str(place.witness))
    for name, value in names.items():
        work = work.replace(name, repr(str(value)))
    for node, parameters in PARAMETERS_OF.items():
        first = f"{parameters}\noutput_out = 'out.txt'"
        (place.root / f"{node}.ipynb").write_text(notebook(first, work, tags=[PARAMETERS]))
    path.with_suffix(".sh").write_text(total)
    return path.name


class Killer:
    """Kills dispatchers and processes of attempts, and starts the next dispatcher."""

    def __init__(self, place: Place):
        self._place = place
        self._chance = random.Random(f"{SEED} sweep")
        self._never = threading.Event()
        self.killed: Counter[str] = Counter()

    def end(self, run: str, kills: Sequence[str], longest_pause: float) -> float:
        """Kill these at random moments until the run has ended; return its seconds."""
        begun = time.monotonic()
        for kind in self._chance.sample(kills, len(kills)):
            self._never.wait(self._chance.uniform(0, longest_pause))
            until(lambda: self._is_over(run) or self._strike(kind), f"a victim: {kind}")  # noqa: B023
        until(lambda: self._is_over(run), f"the end of the run\n{self._place.told()}", 1800)
        return time.monotonic() - begun

    def _is_over(self, run: str) -> bool:
        return self._place.states()[run] in ENDED

    def _strike(self, kind: str) -> bool:
        """Kill a process, unless there is none; short work may have ended meanwhile."""
        found = self._attempts() if kind == "attempt" else [self._place.holder()]
        with contextlib.suppress(IndexError, psutil.NoSuchProcess, ProcessLookupError):
            victim = psutil.Process(self._chance.choice([pid for pid in found if pid]))
            os.kill(victim.pid, signal.SIGKILL)
            self.killed[kind] += 1
            until(lambda: is_gone(victim), "its death")
            if kind == "dispatcher":
                self._place.dispatcher()
            return True
        return False

    def _attempts(self) -> list[int]:
        marks = self._place.checker.marks().items()
        return [pid for pid, names in marks if names.get("NBYARD_ATTEMPT_ID") != NOT_WORK]


@contextlib.contextmanager
def at_work(place: Place, runtime: str) -> Iterator[None]:
    """Run a dispatcher, and for Dask two workers with one thread each."""
    if runtime == "process":
        place.dispatcher()
        yield
        return
    with ground() as cluster:
        for _ in range(2):
            cluster.start_worker()
        place.settings["NBYARD_DASK_ADDRESS"] = cluster.address
        place.dispatcher()
        yield


def numbers(place: Place, run: str, state: str) -> dict[str, list[int]]:
    """Check the tables of a run; return the elements with this state by notebook."""
    found: dict[str, list[int]] = {}
    for node in MAPS:
        rows = table(place, run, node)
        assert [row["label"] for row in rows] == [f"number={n}" for n in range(1, ELEMENTS + 1)]
        assert len({row["key"] for row in rows}) == ELEMENTS
        assert {row["state"] for row in rows} <= {"succeeded", "failed", "skipped"}
        found[node] = [at for at, row in enumerate(rows, 1) if row["state"] == state]
    return found


def violations(place: Place) -> list[str]:
    """Return what is missing, repeated, seen too early or left over."""
    rows = place.checker.rows()
    single = rows._replace(tasks=[task for task in rows.tasks if not task["plan"].get("map")])
    checker = place.checker
    of_all = [*checker.lost(rows, place.acknowledged), *histories(rows), *overlaps(rows)]
    return [*of_all, *checker.executed(single, 0), *checker.visible(single), *checker.left(rows)]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.leaves_running
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("runtime", ["process", "dask"])
def test_no_element_is_lost_or_repeated_under_random_kills(place: Place, runtime: str) -> None:
    killer, begun, pause = Killer(place), time.monotonic(), LONGEST_PAUSE_SECONDS[runtime]
    with at_work(place, runtime):
        run = place.submit(swept_flow(place), runtime=runtime)
        seconds = [killer.end(run, FIRST_KILLS, pause)]
        assert place.states()[run] == "failed"
        lost, skipped = numbers(place, run, "failed"), numbers(place, run, "skipped")
        assert lost == BAD
        assert skipped == {"a": [], "b": BAD["a"], "c": sorted(BAD["a"] + BAD["b"])}
        place.gate.touch()
        again = place.yard.services.runs.retry(place.caller, run, idempotency_key="again").id
        place.acknowledged["again"] = again
        seconds.append(killer.end(again, RETRY_KILLS, pause / 8))
        whole = [*range(1, ELEMENTS + 1)]
        assert place.states()[again] == "succeeded"
        assert numbers(place, again, "succeeded") == {node: whole for node in MAPS}
        place.settle()
    repeated: dict[str, set[int]] = {node: set() for node in MAPS}
    for execution in place.checker.executions():
        if execution.run == again and execution.node != "total":
            number = int(execution.nonce.partition("-")[0])
            repeated[execution.node.partition(".")[0]].add(number)
    assert repeated == {node: {*lost[node], *skipped[node]} for node in MAPS}
    with contextlib.suppress(AssertionError):  # killed processes may take a moment to disappear
        until(lambda: not violations(place), "a tidy store", SETTLE_SECONDS)
    assert violations(place) == []
    attempts = Counter(row["state"] for row in place.checker.rows().attempts)
    sys.stdout.write(
        f"{runtime}: {ELEMENTS} elements × {len(MAPS)} notebooks, {dict(killer.killed)} killed,"
        f" attempts {dict(attempts)}, {seconds[0]:.0f} and {seconds[1]:.0f} s,"
        f" {time.monotonic() - begun:.0f} s in all\n"
    )
