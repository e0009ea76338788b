"""The clock changes during a run."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from .flows import GRAPHS, WAIT
from .place import Place, is_gone, stopped_between_writes, until

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
HOUR, DAY, YEAR = 3600, 86_400, 31_536_000
LONGEST_SECONDS = 300

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="needs faketime (apt-get install faketime)")


@contextlib.contextmanager
def dispatcher_with_clock(place: Place, clock: Path) -> Iterator[psutil.Process]:
    """Start a dispatcher and its child processes with a clock that a file shifts.

    The time since boot is not shifted."""
    clock.write_text("+0")
    told = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    words = [sys.executable, "-m", "nbyard.dispatch"]
    with place.log.open("ab") as log:
        process = subprocess.Popen(words, env=place.environment(**told), stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def renewed(place: Place, ahead: int) -> bool:
    """Return whether the lease was written by a clock that is ahead by so many seconds."""
    lease = place.lease()
    return lease is not None and abs(lease["until"] - time.time() - ahead) < HOUR / 2


@pytest.mark.sample(1)
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("ahead", [sign * jump for jump in (HOUR, DAY, YEAR) for sign in (-1, 1)])
def test_changed_clock_does_not_affect_a_run(place: Place, ahead: int, tmp_path: Path) -> None:
    """The lease stays with its holder, nothing is lost or done twice, and a short silence does not
    look like one of a day."""
    place.settings |= {"NBYARD_IDLE_SECONDS": "60", "NBYARD_LEASE_SECONDS": "3"}
    clock = tmp_path / "clock"
    silence = LONGEST_SECONDS  # which is far less than what the clock is set by
    run = place.submit(place.flow(GRAPHS["diamond"], WAIT, silence_timeout_seconds=silence))
    with dispatcher_with_clock(place, clock) as first:
        until(lambda: place.has_begun("b", run), f"the second node\n{place.told()}")
        before = place.lease()
        clock.write_text(f"{ahead:+d}")
        rival = place.dispatcher()
        until(lambda: renewed(place, ahead), f"a renewal\n{place.told()}")
        until(lambda: is_gone(rival), f"the rival to leave\n{place.told()}")
        after = place.lease()
        assert before and after and after["holder"].split(":")[1] == str(first.pid)
        assert after["epoch"] == before["epoch"]
        place.gate.touch()
        place.settle()
    assert place.states() == {run: "succeeded"}
    rows = place.checker.rows()
    for row in [*rows.runs, *rows.tasks, *rows.attempts]:
        assert 0 <= row["finished_at"] - row["started_at"] < LONGEST_SECONDS, row
    place.check(at_most=1)


def test_hanging_holder_with_a_lease_in_the_future_is_replaced(
    place: Place, tmp_path: Path
) -> None:
    """The lease from before the clock was set back does not block the store for a day."""
    place.settings |= {"NBYARD_IDLE_SECONDS": "60", "NBYARD_LEASE_SECONDS": "3"}
    clock = tmp_path / "clock"
    run = place.submit(place.flow(GRAPHS["chain"], WAIT))
    with dispatcher_with_clock(place, clock) as first:
        until(lambda: place.has_begun("b", run), f"the second node\n{place.told()}")
        clock.write_text(f"{DAY:+d}")
        until(lambda: renewed(place, DAY), f"a renewal\n{place.told()}")
        until(lambda: stopped_between_writes(place, first.pid), "it to be stopped")
        second = place.dispatcher()
        until(lambda: place.holder() == second.pid, f"its successor\n{place.told()}")
        first.resume()
        place.gate.touch()
        place.settle()
    assert place.states() == {run: "succeeded"}
    place.check()
