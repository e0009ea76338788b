"""Measure how soon a dispatcher that starts with many waiting runs starts the first attempt.

    python benchmarks/restart.py [--runs 10000] [--rounds 3] [--smallest]

| figure | what is measured |
|---|---|
| seconds | from the start of the process until the first attempt has started |
| processor seconds | of the dispatcher, until then |
| MB | the peak memory of the dispatcher, until then |

The floor is the same with 20 waiting runs. All runs are of one script, with a value each.
"""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from large_graphs import CALLER, still
from parts.paired import options_of, print_line
from parts.processor import processor_seconds

from nbyard.domain.runs.structs import NewRun
from nbyard.settings import Settings
from nbyard.yard import Yard

FIGURES = ("seconds", "processor seconds", "MB")
PATIENCE_SECONDS = 60.0
FEW = 20
SCRIPT = """import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--n", type=int, default=0)
print(parser.parse_args().n)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = options_of(parser, runs=30, rounds=1)
    sizes = {f"{options.runs} runs": options.runs, "floor": FEW}
    figures: dict[str, list[tuple[float, ...]]] = {name: [] for name in sizes}
    with tempfile.TemporaryDirectory() as name:
        for label, runs in sizes.items():
            fill(Path(name, label), runs)
        for _ in range(options.rounds):
            for label, found in figures.items():
                found.append(first_attempt(Path(name, label)))
                sys.stderr.write(f"{label}: {found[-1]}\n")
    for label, found in figures.items():
        medians = (statistics.median(values) for values in zip(*found, strict=True))
        shown = ", ".join(f"{v:.2f} {n}" for v, n in zip(medians, FIGURES, strict=True))
        sys.stderr.write(f"{label}: {shown}\n")
    print_line("Restart with waiting runs", names=FIGURES, figures=figures)


def fill(folder: Path, runs: int) -> None:
    """Create waiting runs in a store."""
    folder.mkdir()
    (folder / "work.py").write_text(SCRIPT)
    with Yard.open(settings_of(folder), root=folder) as yard:
        still(yard)
        for number in range(runs):
            yard.services.runs.create(CALLER, NewRun(path="work.py", parameters={"n": number}))


def settings_of(folder: Path) -> Settings:
    return Settings(store_dir=str(folder / "store"))


def first_attempt(folder: Path) -> tuple[float, ...]:
    """Start a dispatcher, kill it after the first attempt has started, and return the figures."""
    query = "select count(*) from attempts where started_at is not null"
    database = sqlite3.connect(f"file:{folder / 'store/store.sqlite'}?mode=ro", uri=True)
    before = database.execute(query).fetchone()
    variables = {**os.environ, **settings_of(folder).environment(), "NBYARD_IDLE_SECONDS": "600"}
    start = time.perf_counter()
    with (
        (folder / "log").open("ab") as log,
        subprocess.Popen(
            [sys.executable, "-m", "nbyard.dispatch"], env=variables, stdout=log, stderr=log
        ) as process,
    ):
        try:
            while database.execute(query).fetchone() == before:
                if time.perf_counter() - start > PATIENCE_SECONDS:
                    raise TimeoutError("no attempt was started")
                time.sleep(0.005)
            seconds = time.perf_counter() - start
            return seconds, processor_seconds(process.pid), peak_of(process.pid)
        finally:
            process.terminate()
            database.close()


def peak_of(pid: int) -> float:
    """Return the peak memory of a process in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
