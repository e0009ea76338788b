"""Measure what many schedules cost while none is due, and how late a due time is.

    python benchmarks/schedules.py [--schedules 10000] [--seconds 30] [--rounds 5] [--smallest]

| contender | what is measured |
|---|---|
| nbyard | a dispatcher with that many enabled schedules; then one of them is due |
| floor: one schedule | the same with one schedule |

The seconds are those from the due time to the record of its run. The processor time is that of the
dispatcher while nothing is due, as a share of one core.
"""

import argparse
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from parts.dispatching import dispatching
from parts.paired import measure, options_of, print_line, report
from parts.processor import processor_seconds

from nbyard.domain.automations.structs import AutomaticRun, NewAutomation
from nbyard.domain.automations.times.structs import Phrase
from nbyard.domain.callers import Caller
from nbyard.settings import Settings
from nbyard.yard import Yard

OWNER = Caller("ann")
DUE_SECONDS = 3
PATIENCE_SECONDS = 30.0
FAR = Phrase("2090-01-01 0:00")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30.0, help="idle time that is measured")
    parser.add_argument("--rounds", type=int, default=5)
    options = options_of(parser, automations=20, seconds=0.5, rounds=1)
    with tempfile.TemporaryDirectory() as name:
        many = Place(Path(name) / "many", options.automations, options.seconds)
        one = Place(Path(name) / "one", 1, options.seconds)
        contenders = {"nbyard": many.round, "floor: one schedule": one.round}
        seconds = measure(contenders, options.rounds)
    report(f"{options.schedules} schedules", seconds, ("floor: one schedule",))
    shares = {"nbyard": many.shares, "floor: one schedule": one.shares}
    for contender, found in shares.items():
        median = statistics.median(found)
        sys.stderr.write(f"{contender}: {100 * median:.2f} % of a core while nothing is due\n")
    print_line(f"{options.schedules} schedules while none is due", shares=shares)


class Place:
    """A store with many schedules, and its dispatcher."""

    def __init__(self, folder: Path, count: int, seconds: float):
        folder.mkdir()
        self._root, self._seconds = folder, seconds
        (folder / "work.py").write_text("print()\n")
        self._settings = Settings(store_dir=str(folder / "store"), inline_dispatch=True)
        self.shares: list[float] = []
        with Yard.open(self._settings, folder, folder) as yard:
            self._create(yard, FAR, "first")
        fill(folder / "store" / "store.sqlite", count - 1)

    def _create(self, yard: Yard, timing: Any, name: str) -> str:
        body = NewAutomation(AutomaticRun(path="work.py"), timing, name=name)
        return yard.services.automations.create(OWNER, body).id

    def round(self) -> float:
        """Measure an idle dispatcher, then let a schedule be due; return how late its run is."""
        with dispatching(self._settings, self._root) as (pid, yard):
            self._due(yard, 1)  # the dispatcher is up and has imported everything
            before = processor_seconds(pid)
            time.sleep(self._seconds)
            self.shares.append((processor_seconds(pid) - before) / self._seconds)
            return self._due(yard, DUE_SECONDS)

    def _due(self, yard: Yard, seconds: int) -> float:
        made = self._create(yard, Phrase(f"in {seconds} seconds"), f"due {time.monotonic_ns()}")
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            for firing in yard.services.automations.firings(OWNER, made).items:
                run = yard.services.runs.get(OWNER, firing.run_id).run
                if run.state == "succeeded":
                    assert firing.due_at is not None
                    return (firing.created_at - firing.due_at).total_seconds()
            time.sleep(0.02)
        raise TimeoutError("the due time has no run that succeeded")


def fill(database: Path, count: int) -> None:
    """Copy the only automation that many times."""
    with sqlite3.connect(database) as c:
        names = [row[1] for row in c.execute("pragma table_info(automations)")]
        (row,) = c.execute("select * from automations").fetchall()
        marks = ", ".join("?" * len(names))
        known = dict(zip(names, row, strict=True))
        rows = (
            tuple((known | {"id": f"{n:036}", "name": f"copy {n}"}).values()) for n in range(count)
        )
        c.executemany(f"insert into automations values ({marks})", rows)
    c.close()


if __name__ == "__main__":
    main()
