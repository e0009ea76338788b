"""Paired measurement: every round measures each contender once, beginning with another one each
time, so that what disturbs the machine disturbs all of them."""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[], float | None]


def timed(work: Work) -> float:
    """Seconds: those that the work tells, else those that it took."""
    start = time.perf_counter()
    told = work()
    return time.perf_counter() - start if told is None else told


def measure(
    contenders: Mapping[str, Work], rounds: int, fewer: Mapping[str, int] | None = None
) -> dict[str, list[float]]:
    """Seconds by contender, one for each round; what failed in a round ends the benchmark. Those
    in `fewer` take part in so many first rounds only."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = [name for name in contenders if number < (fewer or {}).get(name, rounds)]
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            seconds[name].append(timed(contenders[name]))
        shown = "  ".join(f"{name} {seconds[name][-1]:.2f}" for name in names)
        sys.stderr.write(f"round {number + 1}: {shown}\n")
    return seconds


def ratio(seconds: dict[str, list[float]], name: str, other: str) -> float:
    """The median of the ratios of each round's pair; one of them may have had fewer rounds."""
    pairs = zip(seconds[name], seconds[other], strict=False)
    return statistics.median(one / two for one, two in pairs)


def report(
    title: str,
    seconds: dict[str, list[float]],
    against: Sequence[str],
    nodes: Mapping[str, int] | None = None,
) -> None:
    """A table for people on standard error, a line of JSON on standard output. `nodes`: of how many
    parts a contender's work is made, for the time of each."""
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    ratios = {n: {other: ratio(seconds, n, other) for other in against} for n in seconds}
    width = max(map(len, seconds))
    head = "".join(f"  {f'/ {other}':>24}" for other in against)
    each = f"  {'ms a node':>9}  {'rounds':>6}" if nodes else ""
    lines = [title, f"{'':{width}}  {'median s':>9}  {'min':>7}  {'max':>7}{each}{head}"]
    for name, found in seconds.items():
        of = "".join(f"  {ratios[name][other]:>24.2f}" for other in against)
        spread = f"{medians[name]:9.3f}  {min(found):7.3f}  {max(found):7.3f}"
        each = f"  {1000 * medians[name] / nodes[name]:9.1f}  {len(found):6}" if nodes else ""
        lines.append(f"{name:{width}}  {spread}{each}{of}")
    sys.stderr.write("\n".join(lines) + "\n")
    document = {
        "title": title,
        "machine": machine(),
        "seconds": seconds,
        "medians": medians,
        "ratios": ratios,
        "nodes": nodes,
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
