"""Half an hour of runs and random kills; only the record grows."""

import os
import random
import re
import sys
import time

import pytest

from .conftest import SEED
from .load import Load
from .place import Place, Server, until
from .soak import count, leaks
from .test_random_kills import Killer, bodies

MINUTES = float(os.environ.get("NBYARD_TEST_SOAK_MINUTES", "30"))
KILLS_IN_A_ROUND = 5
SPARED = ("server", "dispatcher")
SETTLE_SECONDS = 180.0


def test_counters_detect_leaks_but_not_noise() -> None:
    flat = [{"temporary": 10 + n % 2, "server rss": 100 << 20} for n in range(16)]
    assert leaks(flat) == []
    growing = [{**one, "temporary": 10 + n, "wakers": n} for n, one in enumerate(flat)]
    assert [words.partition(":")[0] for words in leaks(growing)] == ["wakers"]
    more = [{"server descriptors": 20 + 3 * n} for n in range(16)]
    assert [re.findall(r"\d+", words) for words in leaks(more)] == [["32", "56"]]


@pytest.mark.long
@pytest.mark.timeout(MINUTES * 60 + 900)
def test_long_load_leaks_nothing(place: Place) -> None:
    """The server and the dispatcher live through all of it; their workers are killed."""
    temporary = place.folder / "tmp"  # others work on this machine too
    temporary.mkdir()
    place.settings |= {"NBYARD_IDLE_SECONDS": "600", "TMPDIR": str(temporary)}
    paths = [body["path"] for body in bodies(place)[:-1]]
    samples = []
    with Server(place) as server:
        killer = Killer(place, server, random.Random(f"{SEED} soak"), spared=SPARED)
        load = Load([server], [{"path": path, "force": True} for path in paths], SEED)
        end = time.monotonic() + MINUTES * 60
        while time.monotonic() < end:
            with load.running():
                for _ in range(KILLS_IN_A_ROUND):
                    killer.strike()
            until(load.poll, f"the end of all runs\n{place.told()}", SETTLE_SECONDS)
            until(lambda: not place.untidy(), "a tidy store", SETTLE_SECONDS)
            samples.append(count(place, server))
        place.settle()
        place.acknowledged = load.acknowledged
    told = [f"{len(samples)} rounds, {dict(killer.killed)}", str(samples[0]), str(samples[-1])]
    sys.stdout.write("\n".join([*told, f"{len(place.states())} runs", ""]))
    place.check()
    assert leaks(samples) == []
