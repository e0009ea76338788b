"""Measure the processor time of watching what an attempt reads of its code.

    python benchmarks/watching.py [--files 1 20 200] [--times 500] [--rounds 7] [--smallest]

| contender | what is measured |
|---|---|
| watched | watch a folder of code, list it, read all files, and report what was read |
| outside | the same for the folder and the files as absolute paths outside the code |
| floor: reading | list the folder and read all files, without a watch |
| floor: process | `python -c pass`, for comparison |

A tenth of the files lie in a subfolder. Every second file is opened for writing, too. A figure is
the processor time for one attempt, of this process and the kernel. The cost of watching is the
difference from reading. Code that names no absolute path has no watch outside.
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

from nbyard.runner.supervision.outside import OutsideWatch
from nbyard.runner.supervision.watch import Watch

PROCESSES = 20  # the floor is the time of one of them
WATCHED, OUTSIDE = "watched", "outside"
READING, PROCESS = "floor: reading", "floor: process"
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
                WATCHED: repeated(folder, options.times, watched),
                OUTSIDE: repeated(folder, options.times, watched_outside),
                READING: repeated(folder, options.times, use),
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


def repeated(
    folder: Path, times: int, attempt: Callable[[str, list[str]], None]
) -> Callable[[], float]:
    """Return a function that measures one attempt, averaged over `times`."""
    paths = sorted(map(str, folder.rglob("*.py")))

    def work() -> float:
        start = time.process_time()
        for _ in range(times):
            attempt(str(folder), paths)
        return (time.process_time() - start) / times

    return work


def watched(folder: str, paths: list[str]) -> None:
    """Do what the supervisor does before, during and after a task that uses its code so."""
    with selectors.DefaultSelector() as selector:
        watch = Watch(folder, selector)
        use(folder, paths)
        for key, _ in selector.select(0):
            key.data()
        seen = watch.observed()
        watch.leave()
        watch.close()
    check(seen["read"], paths)


def watched_outside(folder: str, paths: list[str]) -> None:
    """Do the same for a task whose code names the folder and all files."""
    watch = OutsideWatch([folder, *paths])
    use(folder, paths)
    seen = watch.uses()
    watch.close()
    check([path for path, used in seen.items() if used["reads"] and path != folder], paths)


def check(seen: list[str], paths: list[str]) -> None:
    """Stop if not all files were seen."""
    if len(seen) != len(paths):
        raise SystemExit(f"{len(paths)} files were read, and {len(seen)} of them seen")


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
    added, outside = (
        1e3
        * statistics.median(one - other for one, other in zip(of, seconds[READING], strict=True))
        for of in (seconds[WATCHED], seconds[OUTSIDE])
    )
    share = added / medians[PROCESS]
    figures = "  ".join(f"{name} {value:.3f} ms" for name, value in medians.items())
    sys.stderr.write(f"{files} files: {figures}\n")
    sys.stderr.write(f"watching adds {added:.3f} ms, {share:.1%} of a process; {TARGET}\n")
    sys.stderr.write(f"watching outside adds {outside:.3f} ms where code names these files\n")
    title = f"Watching the reads of {files} files"
    print_line(title, milliseconds=medians, added=added, outside=outside, share=share)


if __name__ == "__main__":
    main()
