"""Simultaneous submissions never use more than the available resources.

The work itself is the witness: each task records its start, its end and its GPUs."""

import contextlib
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun, Run
from nbyard.errors import Busy
from nbyard.settings import Settings
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

SLOTS = 5
PATIENCE = 20
GPUS = ["GPU-a", "GPU-b", "GPU-c"]
MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
WISHES: dict[str, dict[str, Any]] = {
    "plain": {},
    "wide": {"cpu": 2},
    "big": {"memory_bytes": MEMORY * 2 // 5},
    "one": {"gpu": 1},
    "two": {"gpu": 2, "cpu": 1.5},
}
WORK = """say() {{ echo "$(date +%s%N) $1 {name} $NBYARD_RUN_ID $CUDA_VISIBLE_DEVICES" >> {log}; }}
say +
sleep {seconds}
say -
"""
Use = tuple[int, str, str, str, list[str]]


def write_work(root: Path, log: Path, seconds: float) -> None:
    for name, wish in WISHES.items():
        text = WORK.format(name=name, log=log, seconds=seconds)
        (root / f"{name}.sh").write_text(text)
        told = {"version": 1, "resources": {**wish, "cache": "off"}}
        (root / f"{name}.sh.nbexec").write_text(json.dumps(told))


@pytest.fixture
def servers(tmp_path: Path, database_url: str) -> Iterator[list[Yard]]:
    """Start two servers on one store, with one active dispatcher and one that waits."""
    root = tmp_path / "root"
    root.mkdir()
    config = Settings(
        store_dir=str(tmp_path / "store"), database_url=database_url, inline_dispatch=True
    )
    config.slots, config.gpus = SLOTS, GPUS
    with Yard.open(config, root, root) as one, Yard.open(config, root, root) as two:
        yield [one, two]


def submit_at_once(servers: list[Yard], names: list[str]) -> None:
    """Submit from one thread each, all starting together."""
    gate = threading.Barrier(len(names))

    def submit(at: int) -> Run:
        runs = servers[at % len(servers)].services.runs
        body = NewRun(path=f"{names[at]}.sh")
        gate.wait()
        for _ in range(PATIENCE):  # as a client does that is told to come again
            with contextlib.suppress(Busy):
                return runs.create(Caller(f"user-{at % 7}"), body, idempotency_key=str(at))
        raise TimeoutError(f"the store was always busy for {names[at]}")

    with ThreadPoolExecutor(len(names)) as threads:
        list(threads.map(submit, range(len(names))))


def read_log(log: Path) -> list[Use]:
    """Return the entries by time, without one that is still being written."""
    text = log.read_text() if log.exists() else ""
    found: list[Use] = []
    for line in text[: text.rfind("\n") + 1].splitlines():
        at, sign, name, run, *gpus = line.split()
        found.append((int(at), sign, name, run, gpus[0].split(",") if gpus else []))
    return sorted(found, key=lambda use: use[:2])


def check(uses: list[Use], tasks_per_gpu: int) -> tuple[int, int]:
    """Check that no limit was exceeded; return the most parallel tasks, overall and on one GPU."""
    now: dict[str, Use] = {}
    most, shared = 0, 0
    for use in uses:
        _, sign, name, run, gpus = use
        if sign == "-":
            del now[run]
            continue
        assert run not in now, "two attempts of one task at the same time"
        assert len(gpus) == len(set(gpus)) == WISHES[name].get("gpu", 0)
        assert set(gpus) <= set(GPUS)
        now[run] = use
        wishes = [WISHES[other[2]] for other in now.values()]
        assert sum(wish.get("cpu", 1) for wish in wishes) <= SLOTS
        assert sum(wish.get("memory_bytes", 0) for wish in wishes) <= MEMORY
        held = Counter(gpu for other in now.values() for gpu in other[4])
        most, shared = max(most, len(now)), max(shared, *held.values(), 0)
        assert shared <= tasks_per_gpu
    assert now == {}
    return most, shared


def everything_works(servers: list[Yard], tmp_path: Path, each: int, tasks_per_gpu: int) -> None:
    log = tmp_path / "log"
    write_work(tmp_path / "root", log, seconds=0.05)
    names = [name for name in WISHES for _ in range(each)]
    with Dispatching(servers[0].settings) as dispatching:
        submit_at_once(servers, names)
        uses: list[Use] = []
        while len(uses) < 2 * len(names):  # a slow machine may take long, as long as it goes on
            uses = dispatching.until(partial(read_log, log), partial(is_more, uses))
        store = servers[1].store
        dispatching.until(lambda: live_runs(store), lambda left: not left)
    assert Counter(use[2] for use in uses) == dict.fromkeys(WISHES, 2 * each)
    most, shared = check(uses, tasks_per_gpu)
    assert most > 1, "they did work side by side"
    assert shared == tasks_per_gpu


def is_more(before: list[Use], now: list[Use]) -> bool:
    return len(now) > len(before)


def live_runs(store: Any) -> dict[str, bool]:
    with store.read() as c:
        return dict(store.runs.live(c))


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_hundred_submitters_never_exceed_the_resources(servers: list[Yard], tmp_path: Path) -> None:
    """Cores, memory and GPUs; two tasks never share a GPU."""
    everything_works(servers, tmp_path, each=20, tasks_per_gpu=1)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_gpus_are_shared_when_requested(servers: list[Yard], tmp_path: Path) -> None:
    """No more tasks than requested share a GPU."""
    for server in servers:
        server.settings.tasks_per_gpu = 2
    everything_works(servers, tmp_path, each=60, tasks_per_gpu=2)
