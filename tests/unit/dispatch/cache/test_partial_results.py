"""What attempts at predicting a dataset leave for those that come after them."""

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench, FakeRuntime

from nbyard.attempts import folders
from nbyard.dispatch.cache import partial_results
from nbyard.dispatch.cache.partial_results import pass_on_predictions
from nbyard.domain.models.structs import SERVING_FOLDER

SERVED = f"{SERVING_FOLDER}/nbyard"
KEY = "of this model, image and data"
DIGEST = "0" * 64
FAILURE = {"kind": "error", "reason": {"code": "text", "params": {"text": "a bad row"}}}
Leave = Callable[..., str]


def parts(outputs: Path, target: str, *rows: int, key: str = KEY) -> Path:
    """Those of an output that an attempt has come to."""
    folder = outputs / f"{target}.parts"
    folder.mkdir(parents=True)
    (folder / "about").write_text(json.dumps({"key": key, "input": [target]}))
    for number, count in enumerate(rows):
        (folder / f"{number:06d}-{count}-{DIGEST}.arrow").write_text(target)
    return folder


@pytest.fixture
def leave(bench: Bench, runtime: FakeRuntime) -> Leave:
    """An attempt that is lost, or ends so, with such parts; its run."""

    def lost(*rows: int, end: str = "lost", key: str = KEY, **plan: object) -> str:
        run = bench.start(cache=True, **plan)
        attempt = bench.attempt(run)
        (bench.folder(attempt) / SERVED).mkdir(parents=True)
        parts(bench.folder(attempt) / "outputs", "p/p.csv", *rows, key=key)
        if end == "lost":
            runtime.lose(attempt)
            bench.until(lambda: len(bench.task(run).attempts) == 2)
        else:
            runtime.end(attempt, end, failure=FAILURE)
            bench.until(lambda: bench.run(run).finished_at)
        bench.round()
        return run

    return lost


def passed_on(bench: Bench, run: str) -> int:
    """The number of rows that the newest attempt gets."""
    return pass_on_predictions(bench.context, bench.snapshot(run), KEY)


def given(bench: Bench, run: str) -> list[str]:
    outputs = bench.folder(bench.attempt(run)) / "outputs"
    return sorted(str(one.relative_to(outputs)) for one in outputs.rglob("*") if one.is_file())


def test_the_attempt_after_a_lost_one_gets_its_partial_results(bench, leave):
    """Complete pieces without a gap, as the same files."""
    run = leave(10, 20)
    first, second = (one.id for one in bench.task(run).attempts)
    aside = folders.set_aside_folder(bench.store.folder, first)
    assert not (bench.folder(first) / "outputs").exists()
    found = aside / "p/p.csv.parts"
    (found / "part.partial").write_text("torn")
    (found / f"000003-9-{DIGEST}.arrow").write_text("behind a gap")
    (aside / "p/p.whole.csv").write_text("torn")
    inode = (found / "about").stat().st_ino
    assert passed_on(bench, run) == 30
    names = ["about", f"000000-10-{DIGEST}.arrow", f"000001-20-{DIGEST}.arrow"]
    assert given(bench, run) == sorted(f"p/p.csv.parts/{name}" for name in names)
    folder = bench.folder(second) / "outputs/p/p.csv.parts"
    assert (folder / "about").stat().st_ino == inode, "nothing is copied"
    assert folders.all_unfinished(bench.store.folder) == []


def test_complete_files_of_a_folder_are_kept(bench, leave):
    run = leave(10)
    aside = folders.set_aside_folder(bench.store.folder, bench.task(run).attempts[0].id)
    (parts(aside, "p/a.csv") / "done").write_text(f"7 {DIGEST}")
    (aside / "p/a.csv").write_text("whole")
    (parts(aside, "p/b.csv") / "done").write_text(f"8 {DIGEST}")
    (aside / "p/c.csv").write_text("of nothing that is known")
    assert passed_on(bench, run) == 10 + 7 + 8
    told = ["p/a.csv", "p/a.csv.parts/about", "p/a.csv.parts/done", "p/b.csv.parts/about"]
    told += ["p/b.csv.parts/done", f"p/p.csv.parts/000000-10-{DIGEST}.arrow"]
    assert given(bench, run) == sorted([*told, "p/p.csv.parts/about"])


def test_late_partial_results_are_found(bench, leave):
    """The engine may keep whoever tidies up waiting for longer than the next attempt does."""
    run = leave(10)
    first, second = (one.id for one in bench.task(run).attempts)
    os.rename(folders.set_aside_folder(bench.store.folder, first), bench.folder(first) / "outputs")
    (bench.folder(first) / SERVED).mkdir(parents=True)
    assert passed_on(bench, run) == 10
    own = folders.set_aside_folder(bench.store.folder, second)
    os.rename(bench.folder(second) / "outputs", own)
    assert passed_on(bench, run) == 10, "as after kill -9 in the midst of it"


def test_partial_results_of_other_keys_are_ignored(bench, leave):
    run = leave(10, key="of another image")
    assert passed_on(bench, run) == 0
    assert given(bench, run) == []
    assert folders.all_unfinished(bench.store.folder) == []


@pytest.mark.parametrize("text", ["", "[1]", "no JSON", "{}"])
def test_replaced_partial_results_are_ignored(bench, leave, text):
    run = leave(10)
    aside = folders.set_aside_folder(bench.store.folder, bench.task(run).attempts[0].id)
    (aside / "p/p.csv.parts/about").write_text(text)
    os.mkfifo(parts(aside, "p/q.csv") / "done")
    os.unlink(aside / "p/q.csv.parts/about")
    os.symlink("/etc/passwd", aside / "p/q.csv.parts/about")
    assert passed_on(bench, run) == 0
    assert given(bench, run) == []


def test_a_run_continues_where_another_failed(bench, leave):
    """The results with the most rows are used. Results of other inputs stay."""
    leave(10, end="failed")
    leave(10, 5, end="failed")
    leave(40, end="failed", n=7)
    assert len(folders.all_unfinished(bench.store.folder)) == 3
    assert passed_on(bench, bench.start(cache=True)) == 15
    assert len(folders.all_unfinished(bench.store.folder)) == 1


@pytest.mark.parametrize("wish", [{"force": True}, {"cache": False}])
def test_a_forced_task_uses_no_partial_results(bench, leave, wish):
    leave(10, end="failed")
    assert passed_on(bench, bench.start(**wish)) == 0
    assert len(folders.all_unfinished(bench.store.folder)) == 1


def test_unused_partial_results_are_deleted(bench, leave, runtime, monkeypatch):
    """The task has its result, its run is deleted, or it was given up a day ago."""
    going, forgotten, old = leave(1), leave(2, end="failed", n=2), leave(3, end="failed", n=3)
    kept = {run: bench.task(run).attempts[0].id for run in (going, forgotten, old)}
    folders.set_aside_folder(bench.store.folder, "00000000-0000-7000-8000-000000000000").mkdir()
    bench.until_task(going, "running")

    def left() -> set[str]:
        partial_results.sweep(bench.context)
        return {*folders.all_unfinished(bench.store.folder)}

    assert left() == {*kept.values()}
    bench.yard.services.runs.delete(OWNER, forgotten)
    assert left() == {kept[going], kept[old]}
    monkeypatch.setattr(partial_results, "KEPT", timedelta(0))
    assert left() == {kept[going]}
    runtime.end(bench.attempt(going))
    bench.until(lambda: bench.run(going).finished_at)
    assert left() == set()


def test_partial_results_survive_a_crash_and_are_deleted_later(bench, runtime):
    """No dispatcher cleaned up the folder of the lost attempt."""
    run = bench.start()
    attempt = bench.attempt(run)
    runtime.end(attempt, "failed", failure=FAILURE)
    bench.until(lambda: bench.run(run).finished_at)
    (bench.folder(attempt) / SERVED).mkdir(parents=True)
    parts(bench.folder(attempt) / "outputs", "p/p.csv", 5)
    bench.replace_dispatcher()
    bench.round()
    assert folders.all_unfinished(bench.store.folder) == [attempt]
    assert not (bench.folder(attempt) / "outputs").exists()
