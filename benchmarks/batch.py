"""Compare a scikit-learn model over many rows in nbyard's mode batch and in a pandas script.

    python benchmarks/batch.py [--rounds 5] [--rows 1000000] [--formats csv parquet] [--smallest]

| contender | what is measured |
|---|---|
| nbyard | the mode batch; it also checks every value and stores its progress |
| pandas script | read all, predict, write all |
| nbyard, a tenth | a tenth of the rows: the cost of a start, and whether memory grows with rows |

Each measurement starts a new process. All load the same model in the same environment and read the
same file, and the predictions are compared. The output also has the peak memory of each process and
its processor time, which a busy machine disturbs less.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from parts.paired import Work, measure, options_of, print_line, report

HERE = Path(__file__).parent / "peers" / "serving"
COLUMNS = ("a", "b", "c", "d")
FORMATS = ("csv", "parquet")
SCRIPT = """
import sys
import pandas as pd
from model import Sorter
source, target = sys.argv[1:]
is_csv = source.endswith(".csv")
frame = pd.read_csv(source) if is_csv else pd.read_parquet(source)
found = Sorter().predict(frame)
found.to_csv(target, index=False) if is_csv else found.to_parquet(target, index=False)
"""
MADE = """
import sys
import numpy as np
import pandas as pd
path, rows, *columns = sys.argv[1:]
values = np.random.default_rng(1).normal(size=(int(rows), len(columns))).round(6)
frame = pd.DataFrame(values, columns=columns)
frame.to_csv(path, index=False) if path.endswith(".csv") else frame.to_parquet(path, index=False)
"""
COMPARED = """
import sys
import pandas as pd
one, other = (pd.read_csv(p) if p.endswith(".csv") else pd.read_parquet(p) for p in sys.argv[2:])
assert len(one) == int(sys.argv[1]) and one["kind"].equals(other["kind"]), "they predict the same"
"""


def script(text: str, *words: object) -> None:
    """Run a script in a new process: a child's peak memory includes that of its parent."""
    subprocess.run([sys.executable, "-c", text, *map(str, words)], check=True)


def data(folder: Path, rows: int, suffix: str) -> Path:
    """Write random rows to a file and return its path."""
    path = folder / f"in.{suffix}"
    script(MADE, path, rows, *COLUMNS)
    return path


def ours(source: Path, target: Path) -> list[str]:
    """Return the command of nbyard's mode batch."""
    columns = [{"name": name, "type": "float"} for name in COLUMNS]
    told: dict[str, object] = {"name": "sorter", "version": "1", "mode": "batch"}
    told |= {"flavour": "class", "src": ".", "module": "model", "class": "Sorter", "metadata": {}}
    told |= {"input_schema": columns, "output_schema": [{"name": "kind", "type": "int"}]}
    mode = ["-m", "nbyard.serving", "nbyard.serving.batch:BatchMode", "--model", json.dumps(told)]
    places = ["--input", str(source), "--output", str(target)]
    return [sys.executable, *mode, "--root", str(HERE), *places]


def theirs(source: Path, target: Path) -> list[str]:
    """Return the command of the pandas script."""
    return [sys.executable, "-c", SCRIPT, str(source), str(target)]


class Used(NamedTuple):
    """The peak memory of a process in MB, and its processor time in seconds."""

    memory: float
    processor: float


def run(words: list[str]) -> Used:
    """Run a command and return its resources; exit with its output if it fails."""
    told = {**os.environ, "PYTHONPATH": str(HERE)}
    process = subprocess.Popen(words, env=told, cwd=HERE, stderr=subprocess.PIPE)
    said = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(said.decode())
    return Used(usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def compared(folder: Path, suffix: str, options: argparse.Namespace) -> None:
    """Compare the contenders on a file of one format."""
    rows: int = options.rows
    source = data(folder, rows, suffix)
    made = {"nbyard": ours, "pandas script": theirs, "nbyard, a tenth": ours}
    small = data(folder / "small", rows // 10, suffix)
    sources = {"nbyard": source, "pandas script": source, "nbyard, a tenth": small}
    targets = {name: folder / f"{name}.{suffix}" for name in made}
    used: dict[str, list[Used]] = {name: [] for name in made}

    def contender(name: str) -> Work:
        def work() -> None:
            used[name].append(run(made[name](sources[name], targets[name])))

        return work

    contenders = {name: contender(name) for name in made}
    if options.warm_up:
        measure(contenders, 1)
        used = {name: [] for name in made}
    seconds = measure(contenders, options.rounds)
    script(COMPARED, rows, targets["nbyard"], targets["pandas script"])
    report(f"{rows} rows of {suffix}", seconds, ["pandas script"])
    told = {
        name: {key: statistics.median(getattr(one, key) for one in found) for key in Used._fields}
        for name, found in used.items()
    }
    for name, one in told.items():
        sys.stderr.write(f"{name}: {one['memory']:.0f} MB, {one['processor']:.2f} s of processor\n")
    print_line(f"Memory and processor, {rows} rows of {suffix}", used=told)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", nargs="*", default=FORMATS, choices=FORMATS)
    options = options_of(parser, rounds=1, rows=100, formats=["csv"])
    for suffix in options.formats:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "small").mkdir()
            compared(Path(folder), suffix, options)


if __name__ == "__main__":
    main()
