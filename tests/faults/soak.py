"""Counters of leaks, read from outside."""

from collections.abc import Sequence
from pathlib import Path

import psutil

from .checker import NOT_WORK
from .place import Place, Server

SLACK = {
    "descriptors": 8,
    "threads": 4,
    "rss": 48 << 20,
    "temporary": 8,
    "processes": 3,
    "spares": 12,
}


def count(place: Place, server: Server) -> dict[str, int]:
    """Count for the server, the dispatcher and the machine, while no work runs."""
    found = {
        "temporary": len(list(Path(place.settings["TMPDIR"]).iterdir())),
        **_processes(place),
        "wakers": len(list((place.store / "wake").iterdir())),
        "unfinished": len(list((place.store / "blobs" / "tmp").iterdir())),
    }
    for name, pid in (("server", server.pid), ("dispatcher", place.holder())):
        if pid:
            process = psutil.Process(pid)
            with process.oneshot():
                found[f"{name} descriptors"] = process.num_fds()
                found[f"{name} threads"] = process.num_threads()
                found[f"{name} rss"] = process.memory_info().rss
    return found


def _processes(place: Place) -> dict[str, int]:
    """Count the processes of the store. Ready ones vary as they are used, killed and replaced."""
    found = {"processes": 0, "spares": 0}
    for marks in place.checker.marks().values():
        is_spare = marks.get("NBYARD_ATTEMPT_ID") == NOT_WORK
        found["spares" if is_spare else "processes"] += 1
    return found


def leaks(samples: Sequence[dict[str, int]]) -> list[str]:
    """Return counters that grew by more than their slack between the first quarter after the
    warm-up and the last one. The minimum of each quarter counts, because work may have just
    started."""
    quarter = max(len(samples) // 4, 1)
    early, late = samples[quarter : 2 * quarter] or samples[:1], samples[-quarter:]
    names = set.intersection(*(set(one) for one in (*early, *late)))
    found = []
    for name in sorted(names):
        before, after = min(one[name] for one in early), min(one[name] for one in late)
        if after > before + SLACK.get(name.rpartition(" ")[2], 0):
            found.append(f"{name}: {before:,} at first, {after:,} at last")
    return found
