"""kill -9 of the server, the dispatcher, supervisors, guards and the work at random moments
under a steady load. A client that retries loses no run and gets none twice."""

import contextlib
import os
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Collection

import pytest

from .checker import NOT_WORK, grouped
from .conftest import SEED
from .flows import COUNTING, GRAPHS, LINES
from .load import Load
from .place import Place, Server, is_gone, until

IS_LONG = os.environ.get("NBYARD_TEST_PROFILE") == "long"
KILLS = 200 if IS_LONG else 4
IN_A_BATCH = 25
LONGEST_PAUSE_SECONDS = 0.8
NO_MARK = "-" * 32
VICTIMS = {"server": 1, "dispatcher": 3, "supervisor": 3, "guard": 1, "work": 3, "spare": 1}
BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


class Killer:
    """Kills one random process of the store at a time."""

    def __init__(
        self,
        place: Place,
        server: Server,
        chance: random.Random,
        spared: Collection[str] = (),
    ):
        self._spared = spared
        self._place = place
        self._server = server
        self._chance = chance
        self._never = threading.Event()
        self.killed: Counter[str] = Counter()

    def strike(self) -> None:
        """Wait a random time, then kill a process."""
        self._never.wait(self._chance.uniform(0, LONGEST_PAUSE_SECONDS))
        found = until(self._present, "somebody at work")
        kind = self._chance.choices(list(found), [VICTIMS[one] for one in found])[0]
        pid = self._chance.choice(sorted(found[kind]))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed[kind] += 1
        if kind == "server":
            self._server.kill()
            self._server.start()

    def _present(self) -> dict[str, set[int]]:
        """Return the processes that can be killed during work; not every kind always exists."""
        found = self._candidates()
        if not found["work"]:
            return {}
        return {kind: pids for kind, pids in found.items() if pids and kind not in self._spared}

    def _candidates(self) -> dict[str, set[int]]:
        found: dict[str, set[int]] = {kind: set() for kind in VICTIMS}
        found["server"].add(self._server.pid)
        found["dispatcher"] |= {self._place.holder()} - {0}
        found["supervisor"] |= set(self._place.supervisors())
        for pid, marks in self._place.checker.marks().items():
            if pid in found["supervisor"]:
                continue
            if marks.get("NBYARD_ATTEMPT_ID") == NOT_WORK:
                found["spare"].add(pid)
            else:
                is_work = marks.get("NBYARD_MARK", NO_MARK) != NO_MARK
                found["work" if is_work else "guard"].add(pid)
        return found


def bodies(place: Place) -> list[dict]:
    place.checker.lines = LINES
    paths = [place.flow(graph, COUNTING, name=name) for name, graph in GRAPHS.items()]
    paths.append(place.flow(GRAPHS["chain"], COUNTING, name="mixed", notebooks=["b"]))
    return [{"path": path, "force": True} for path in paths] + [{"path": paths[0]}]


def check_endings(place: Place) -> None:
    """Check that a killed task has not failed, unless it was killed three times."""
    rows = place.checker.rows()
    attempts = grouped(rows.attempts, "task_id")
    for task in rows.tasks:
        if task["state"] == "failed":
            assert [one["state"] for one in attempts[task["id"]]] == ["lost"] * 3, task["reason"]


@pytest.mark.parametrize(
    ("log", "states"),
    [
        ("line 0\nKilled\nline 1\nline 2\n", {"succeeded", "lost"}),
        ("line 0\nline 1\nlin", {"lost"}),
        ("", {"lost"}),
        ("line 0\nline 2\n", set()),
        ("line 0\nline 1\nline 1\nline 2\n", set()),
    ],
)
def test_checker_detects_missing_and_repeated_lines(
    place: Place, log: str, states: set[str]
) -> None:
    place.checker.lines = 3
    folder = place.store / "attempts" / "x"
    folder.mkdir(parents=True)
    (folder / "log").write_text(log)
    for state in ("succeeded", "lost"):
        rows = place.checker.rows()._replace(attempts=[{"id": "x", "state": state}])
        assert bool([*place.checker.printed(rows)]) == (state not in states)


def test_lines_printed_without_a_dispatcher_are_kept(place: Place) -> None:
    """All lines were printed after the death of one dispatcher and before the start of the next."""
    place.checker.lines = LINES
    run = place.submit(place.flow({"a": []}, f"until [ -e GATE ]; do sleep 0.02; done; {COUNTING}"))
    process = place.dispatcher()
    until(lambda: place.has_begun("a"), "the work")
    process.kill()
    until(lambda: is_gone(process), "its death")
    place.gate.touch()
    until(lambda: any(place.store.glob("attempts/*/result.json")), "the end of the work")
    place.finish()
    assert place.states() == {run: "succeeded"}
    place.check(at_most=1)


@pytest.mark.sample(1)
@pytest.mark.timeout(3600)
@BOTH
def test_random_kills_lose_and_repeat_nothing(place: Place) -> None:
    place.settings["NBYARD_IDLE_SECONDS"] = "60"
    chance = random.Random(f"{SEED} kills")
    with Server(place) as server:
        killer = Killer(place, server, chance)
        load = Load([server], bodies(place), SEED)
        for batch in range(0, KILLS, IN_A_BATCH):
            with load.running():
                for _ in range(min(IN_A_BATCH, KILLS - batch)):
                    killer.strike()
            until(load.poll, f"the end of all runs: {place.told()}", 180)
            place.settle()
            place.acknowledged = load.acknowledged
            place.check()
            check_endings(place)
            told = Counter(place.states().values())
            sys.stdout.write(
                f"{sum(killer.killed.values())} kills {dict(killer.killed)}, {dict(told)} runs,"
                f" {load.unanswered} requests repeated\n"
            )
