"""Paired measurement: every round measures each contender once, beginning with another one each
time, so that what disturbs the machine disturbs all of them."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence

Work = Callable[[], float | None]


def timed(work: Work) -> float:
    """Seconds: those that the work tells, else those that it took."""
    start = time.perf_counter()
    told = work()
    return time.perf_counter() - start if told is None else told


def measure(contenders: dict[str, Work], rounds: int) -> dict[str, list[float]]:
    """Seconds by contender, one for each round; what failed in a round ends the benchmark."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds[name].append(timed(contenders[name]))
        shown = "  ".join(f"{name} {seconds[name][-1]:.2f}" for name in names)
        sys.stderr.write(f"round {number + 1}: {shown}\n")
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, other: str) -> float:
    """The median of the ratios of each round's pair."""
    pairs = zip(seconds[name], seconds[other], strict=True)
    return statistics.median(one / two for one, two in pairs)


def report(title: str, seconds: dict[str, list[float]], against: Sequence[str]) -> None:
    """A table for people on standard error, a line of JSON on standard output."""
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    ratios = {n: {other: ratio(seconds, n, other) for other in against} for n in seconds}
    width = max(map(len, seconds))
    head = "".join(f"  {f'/ {other}':>24}" for other in against)
    lines = [title, f"{'':{width}}  {'median s':>9}  {'min':>7}  {'max':>7}{head}"]
    for name, found in seconds.items():
        of = "".join(f"  {ratios[name][other]:>24.2f}" for other in against)
        spread = f"{medians[name]:9.3f}  {min(found):7.3f}  {max(found):7.3f}"
        lines.append(f"{name:{width}}  {spread}{of}")
    sys.stderr.write("\n".join(lines) + "\n")
    document = {
        "title": title,
        "machine": machine(),
        "seconds": seconds,
        "medians": medians,
        "ratios": ratios,
    }
    sys.stdout.write(json.dumps(document) + "\n")


def machine() -> dict[str, object]:
    """Enough to judge whether two results may be compared."""
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
