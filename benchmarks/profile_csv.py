"""The profile of a CSV of 500 MB, exact and sampled, against pandas, and the floor: reading it.

    python benchmarks/profile_csv.py [--megabytes 500] [--rounds 3]

Each round measures all four one after the other, each in a process of its own that starts cold;
the ratios are those of the medians.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BLOCK_ROWS = 250_000

PANDAS = """
import sys, resource
import pandas as pd, numpy as np
frame = pd.read_csv(sys.argv[1])
frame.describe(include="all"), frame.isna().sum(), frame.nunique()
for name in frame.select_dtypes("number"):
    np.histogram(frame[name].dropna(), bins=20)
for name in frame.select_dtypes(exclude="number"):
    frame[name].value_counts().head(20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""

NBYARD = """
import sys, resource, tempfile
from pathlib import Path
from typing import Any
from nbyard.tabular import TableFile, Tables
with tempfile.TemporaryDirectory(dir=Path(sys.argv[1]).parent) as folder:
    tables = Tables(Path(folder))
    tables.profile(TableFile(Path(sys.argv[1]), "data.csv"), sample=sys.argv[2] == "sample")
    tables.close()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        rows = write(path, options.megabytes << 20)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {rows:,} rows, 13 columns")
        measure(path, options.rounds)


def write(path: Path, size: int) -> int:
    """Numbers of several kinds, words, dates, missing values."""
    import polars as pl

    rows = 0
    with path.open("wb") as file:
        while file.tell() < size:
            block(rows, pl).write_csv(file, include_header=rows == 0)
            rows += BLOCK_ROWS
    return rows


def block(start: int, pl: Any) -> Any:
    frame = pl.select(id=pl.int_range(start, start + BLOCK_ROWS))
    word = pl.col("id").hash
    unit = [(word(seed) % 1_000_003) / 1_000_003 for seed in range(12)]
    return frame.with_columns(
        a=(unit[0] * 8 - 4).round(6),
        b=(-(1 - unit[1]).log() * 3).round(4),
        c=word(2) % 1000,
        d=word(3) % 10**9,
        cat=pl.lit("kind") + (word(4) % 5).cast(pl.String),
        user=pl.lit("user") + (word(5) % 50_000).cast(pl.String),
        flag=word(6) % 2 == 0,
        day=pl.date(2020, 1, 1) + pl.duration(days=word(7) % 1500),
        x=pl.when(word(8) % 10 == 0).then(None).otherwise((unit[8] - 0.5).round(5)),
        y=(unit[9] * 100).round(6),
        z=word(10) % 10**12,
        note=pl.lit("note ") + (word(11) % 100).cast(pl.String),
    )


def measure(path: Path, rounds: int) -> None:
    contenders: dict[str, Callable[[], str]] = {
        "floor": lambda: read(path),
        "nbyard sampled": lambda: run(NBYARD, str(path), "sample"),
        "nbyard exact": lambda: run(NBYARD, str(path), "exact"),
        "pandas": lambda: run(PANDAS, str(path)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    memory: dict[str, str] = {}
    for _ in range(rounds):
        for name, work in contenders.items():
            start = time.perf_counter()
            memory[name] = work()
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    for name, median in medians.items():
        ratio = median / medians["pandas"]
        print(f"{name:15} {median:7.2f} s  {memory[name]:>5} MB  {ratio:5.2f} of pandas")


def read(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass
    return "1"


def run(program: str, *arguments: str) -> str:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
