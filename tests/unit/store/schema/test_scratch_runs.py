"""No list of runs contains scratch runs, on both databases."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from nbyard.domain.runs.origins import SCRATCH
from nbyard.domain.runs.structs import Run
from nbyard.store import Connection, Store, transition
from nbyard.store.schema.scratch_runs import HISTORY, IS_SCRATCH

from ..rows import Rows, moment

Shown = Callable[[Store, Connection, Run], object]

# What each list, search or count says about the runs of one file.
LISTS: dict[str, Shown] = {
    "pages": lambda s, c, run: [one.id for one in s.runs.page(c, "ada", 50, "")],
    "states": lambda s, c, run: len(s.runs.page(c, "ada", 50, "", state="succeeded")),
    "workflows": lambda s, c, run: [
        one.id for one in s.runs.page(c, "ada", 50, "", workflow="w", path="/flow")
    ],
    "executables": lambda s, c, run: [
        one.id for one in s.runs.page(c, "ada", 50, "", executable="e")
    ],
    "searches": lambda s, c, run: [one.id for one in s.runs.page(c, "ada", 50, "", search="T")],
    "nodes": lambda s, c, run: [one.id for one in s.runs.page(c, "ada", 50, "", node="a")],
    "times": lambda s, c, run: [
        one.id for one in s.runs.page(c, "ada", 50, "", end=datetime.now(UTC))
    ],
    "durations of files": lambda s, c, run: s.history.of_file(c, "ada", "/flow"),
    "durations of code": lambda s, c, run: s.history.of_executables(c, "ada", ["e"]),
    "last results": lambda s, c, run: s.history.last_of(c, "ada", "w", "a", "e"),
    "clean-ups": lambda s, c, run: [*s.clean_ups.finished_runs(c, "ada")],
    "results of the same code": lambda s, c, run: s.cache.with_other_code_files(c, "ada", "base"),
    "counts": lambda s, c, run: s.counts.all(c).runs,
    "models": lambda s, c, run: [
        o.run_id
        for _, _, o in s.artifacts.models_of_runs(c, "ada", s.results.newest_runs(c, "ada"))
    ],
}


PARTS = {"inputs": {}, "values": {}, "files": {}, "code": "", "environment": "", "declaration": ""}


def a_run(rows: Rows, origin: str) -> Run:
    """A run that has ended, with a model and with everything that lists look for."""
    store, c = rows.store, rows.c
    run = rows.run(title="T", workflow_id="w", path="/flow", origin=origin)
    columns = {"base_key": "base", "cache_key": "key", "parts": PARTS, "observed": {"read": []}}
    task = rows.succeeded(run, 2, executable="e", started_at=moment(1), **columns)
    model = {"name": "m", "filename": "m.pkl", "format": "pickle", "digest": "d", "size_bytes": 1}
    store.artifacts.insert_all(c, [(task, [model])])
    store.cache.keep_all(c, [("ada", "key", task.id)] if origin == "manual" else [])
    end = {"started_at": moment(1), "finished_at": moment(2)}
    transition.move_all(c, [store.runs.step(run, "running", {})])
    started = store.runs.by_id(c, run.id)
    assert started is not None
    transition.move_all(c, [store.runs.step(started, "succeeded", end)])
    found = store.runs.by_id(c, run.id)
    assert found is not None
    return found


@pytest.mark.parametrize("origin", sorted(SCRATCH))
def test_lists_do_not_change(store: Store, origin: str) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        known = a_run(rows, "manual")
        before = {name: shown(store, c, known) for name, shown in LISTS.items()}
        a_run(rows, origin)
        assert {name: shown(store, c, known) for name, shown in LISTS.items()} == before
        a_run(rows, "shell")
        after = {name: shown(store, c, known) for name, shown in LISTS.items()}
    same = {name for name in LISTS if after[name] == before[name]}
    assert same == {"last results", "results of the same code"}, "the others show each run"


def test_running_runs_are_those_of_history(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        for origin in ("manual", *sorted(SCRATCH)):
            transition.move_all(c, [store.runs.step(rows.run(origin=origin), "running", {})])
        assert [one.number for one in store.runs.running(c, ["ada"])] == [1]


def test_numbers_of_history_have_no_gap_and_scratch_runs_are_found(store: Store) -> None:
    with store.write() as c:
        rows = Rows(store, c)
        made = [
            rows.run(path="/flow", origin=kind)
            for kind in ("check", "manual", "bisect", "manual", "check")
        ]
        assert [run.number for run in made] == [-1, 1, -2, 2, -3]
        checks = store.runs.page(c, "ada", 50, "", origin="check")
        assert [run.number for run in checks] == [-3, -1]
        assert [run.number for run in store.runs.scratch(c)] == [-1, -2, -3]
        assert store.runs.scratch(c, "ada", "/other") == store.runs.scratch(c, "bob", "/flow") == []
        assert len(store.runs.scratch(c, "ada", "/flow")) == 3
        assert store.runs.get(c, "ada", "-1") is None
        found = store.runs.get(c, "ada", made[0].id)
        assert found is not None and found.is_scratch
        assert {*store.runs.live(c)} == {run.id for run in made}, "the dispatcher knows them all"


def test_the_conditions_are_opposites() -> None:
    assert str(~IS_SCRATCH) == str(HISTORY)
