"""Measure in pairs: each round measures every contender once, starting with another one.

So any disturbance of the machine affects all of them.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Work = Callable[[], float | None]


def options_of(parser: argparse.ArgumentParser, **smallest: object) -> argparse.Namespace:
    """Parse the command line; `--smallest` changes the defaults to these sizes.

    `warm_up` of the result says whether a round without measurement comes first.
    """
    text = "one round of the smallest sizes, which shows that this benchmark still works"
    parser.add_argument("--smallest", action="store_true", help=text)
    if "--smallest" in sys.argv:
        parser.set_defaults(**smallest)
    options = parser.parse_args()
    options.warm_up = not options.smallest
    return options


def timed(work: Work) -> float:
    """Return the seconds that the work returns, or the time that it took."""
    start = time.perf_counter()
    measured = work()
    return time.perf_counter() - start if measured is None else measured


def measure(
    contenders: Mapping[str, Work],
    rounds: int,
    *,
    fewer: Mapping[str, int] | None = None,
    warm_up: bool = False,
) -> dict[str, list[float]]:
    """Return the seconds of each contender, one value for each round.

    The contenders in `fewer` take part only in the first rounds, as many as given. A failure stops
    the benchmark.
    """
    for work in contenders.values() if warm_up else ():
        work()
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
    """Return the median of the ratios of each round's pair."""
    pairs = zip(seconds[name], seconds[other], strict=False)  # one may have had fewer rounds
    return statistics.median(one / two for one, two in pairs)


def report(
    title: str,
    seconds: dict[str, list[float]],
    against: Sequence[str],
    nodes: Mapping[str, int] | None = None,
    **more: Any,
) -> None:
    """Write a table to standard error and a line of JSON to standard output.

    `nodes` is the number of parts of each contender's work, for the time of one part.
    """
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
    print_line(title, seconds=seconds, medians=medians, ratios=ratios, nodes=nodes, **more)


def print_line(title: str, *, left_out: Mapping[str, str] | None = None, **measured: Any) -> None:
    """Write one line of JSON; `left_out` maps contenders that were not measured to the reason."""
    for name, reason in (left_out or {}).items():
        sys.stderr.write(f"{name} is left out: {reason}\n")
    document = {"title": title, "machine": machine(), "left_out": left_out or {}, **measured}
    sys.stdout.write(json.dumps(document) + "\n")


def machine() -> dict[str, object]:
    """Return the data to judge whether two results are comparable."""
    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
