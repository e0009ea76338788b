"""Measure the processor time of watching what an attempt reads of its code.

    python benchmarks/watching.py [--files 1 20 200] [--times 500] [--rounds 7] [--smallest]

| contender | what is measured |
|---|---|
| watched | watch a folder of code, list it, read all files, and report what was read |
| floor: reading | list the folder and read all files, without a watch |
| floor: process | `python -c pass`, for comparison |

A tenth of the files lie in a subfolder. Every second file is opened for writing, too. A figure is
the processor time for one attempt, of this process and the kernel. The cost of watching is the
difference between the first two.
"""

import argparse
import os
import resource
import selectors
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from parts.paired import measure, options_of, print_line

from nbyard.runner.supervision.watch import Watch

PROCESSES = 20  # the floor is the time of one of them
WATCHED, READING, PROCESS = "watched", "floor: reading", "floor: process"
TARGET = "target: at most 1 ms for an attempt"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[1, 20, 200])
    parser.add_argument("--times", type=int, default=500, help="attempts in a round")
    parser.add_argument("--rounds", type=int, default=7)
    options = options_of(parser, files=[2], times=2, rounds=1)
    for files in options.files:
        with tempfile.TemporaryDirectory() as name:
            folder = filled(Path(name), files)
            contenders = {
                WATCHED: repeated(folder, options.times, is_watched=True),
                READING: repeated(folder, options.times, is_watched=False),
                PROCESS: started,
            }
            seconds = measure(contenders, options.rounds, warm_up=options.warm_up)
        show(files, seconds)


def filled(folder: Path, files: int) -> Path:
    """Fill a folder of code with this many files."""
    (folder / "lib").mkdir()
    for number in range(files):
        place = folder / "lib" if number % 10 == 9 else folder
        (place / f"m{number}.py").write_text(f"value = {number}\n")
    return folder


def repeated(folder: Path, times: int, *, is_watched: bool) -> Callable[[], float]:
    """Return a function that measures one attempt, averaged over `times`."""
    paths = sorted(map(str, folder.rglob("*.py")))

    def work() -> float:
        start = time.process_time()
        for _ in range(times):
            attempt(str(folder), paths, is_watched=is_watched)
        return (time.process_time() - start) / times

    return work


def attempt(folder: str, paths: list[str], *, is_watched: bool) -> None:
    """Do what the supervisor does before, during and after a task that uses its code so."""
    with selectors.DefaultSelector() as selector:
        watch = Watch(folder, selector) if is_watched else None
        use(folder, paths)
        if watch is None:
            return
        for key, _ in selector.select(0):
            key.data()
        seen = watch.seen()
        watch.leave()
        watch.close()
    if len(seen["read"]) != len(paths):
        raise SystemExit(f"{len(paths)} files were read, and {len(seen['read'])} of them seen")


def use(folder: str, paths: list[str]) -> None:
    """List the folder and read all files; open every second one for writing."""
    os.listdir(folder)
    for number, path in enumerate(paths):
        with open(path, "rb+" if number % 2 else "rb") as file:
            file.read()


def started() -> float:
    """Return the processor time of a process that does nothing."""
    before = children_seconds()
    for _ in range(PROCESSES):
        subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (children_seconds() - before) / PROCESSES


def children_seconds() -> float:
    """Return the processor time of all child processes so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def show(files: int, seconds: dict[str, list[float]]) -> None:
    """Print the cost of watching."""
    medians = {name: 1e3 * statistics.median(found) for name, found in seconds.items()}
    rounds = zip(seconds[WATCHED], seconds[READING], strict=True)
    added = 1e3 * statistics.median(one - other for one, other in rounds)
    share = added / medians[PROCESS]
    figures = "  ".join(f"{name} {value:.3f} ms" for name, value in medians.items())
    sys.stderr.write(f"{files} files: {figures}\n")
    sys.stderr.write(f"watching adds {added:.3f} ms, {share:.1%} of a process; {TARGET}\n")
    title = f"Watching the reads of {files} files"
    print_line(title, milliseconds=medians, added=added, share=share)


if __name__ == "__main__":
    main()
