"""Compare the profile of a CSV of 500 MB in nbyard and in pandas.

    python benchmarks/profile_csv.py [--megabytes 500] [--rounds 3] [--smallest] > profile.jsonl

| contender | what is measured |
|---|---|
| floor: reading | read the bytes of the file |
| nbyard, sampled | the profile of a sample, of a file that was not read before |
| nbyard, import | check all lines, and infer the types that are stored with the version |
| nbyard, exact | the profile of all rows, with the types of the import |
| pandas | `read_csv`, `describe`, counts and histograms |

Each measurement starts a new process.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from parts.paired import Work, measure, options_of, print_line, report

BLOCK_ROWS = 10_000  # about 1 MB

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

# The inferred types stay in a folder, as in a store; the profile is computed again.
NBYARD = """
import sys, resource
from pathlib import Path
from nbyard.tabular import TableFile, Tables
path, about = Path(sys.argv[1]), sys.argv[2]
folder = path.with_name("tables")
tables, file = Tables(folder), TableFile(path, "data.csv", "data")
if about == "import":
    tables.forget("data")
    tables.info(file, count=True)
elif about == "sample":
    tables.profile(TableFile(path, "data.csv"), sample=True)
else:
    for kept in folder.glob("data/*/profile-*"):
        kept.unlink()
    tables.profile(file, sample=False)
tables.close()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    options = options_of(parser, megabytes=1, rounds=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        rows = write(path, options.megabytes << 20)
        title = f"The profile of {path.stat().st_size / 1e6:.0f} MB, {rows} rows, 13 columns"
        compare(title, path, options)


def write(path: Path, size: int) -> int:
    """Write numbers of several kinds, words, dates and missing values; return the row count."""
    import polars as pl

    rows = 0
    with path.open("wb") as file:
        while file.tell() < size:
            block(rows, pl).write_csv(file, include_header=rows == 0)
            rows += BLOCK_ROWS
    return rows


def block(start: int, pl: Any) -> Any:
    """Return rows as a frame; equal numbers give equal rows."""
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


def compare(title: str, path: Path, options: argparse.Namespace) -> None:
    """Measure all contenders on the file."""
    memory: dict[str, list[int]] = {}
    programs = {
        "nbyard, sampled": (NBYARD, str(path), "sample"),
        "nbyard, import": (NBYARD, str(path), "import"),
        "nbyard, exact": (NBYARD, str(path), "exact"),
        "pandas": (PANDAS, str(path)),
    }

    def run(name: str) -> None:
        command = [sys.executable, "-c", *programs[name]]
        ended = subprocess.run(command, check=True, capture_output=True, text=True)
        memory.setdefault(name, []).append(int(ended.stdout))

    contenders: dict[str, Work] = {"floor: reading": partial(read, path)}
    contenders |= {name: partial(run, name) for name in programs}
    seconds = measure(contenders, options.rounds)
    report(title, seconds, ("pandas",))
    for name, found in memory.items():
        sys.stderr.write(f"{name}: {statistics.median(found):.0f} MB\n")
    print_line("Memory of the profile, MB", memory=memory)


def read(path: Path) -> None:
    """Read the bytes of the file."""
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


if __name__ == "__main__":
    main()
