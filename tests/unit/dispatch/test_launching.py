"""What lies in an attempt's folder before it starts."""

import json

import pytest

from nbyard.dispatch.keys import Identities
from nbyard.dispatch.launching import RESULT_KEY, prepare
from nbyard.serving.batch import parts
from nbyard.testing.bench import Bench


def test_the_task_file(bench: Bench) -> None:
    """R3: identity in the environment; secrets of the attempt; limits."""
    run = bench.submit({"a": []}, n=7, timeout_seconds=9.0, memory_bytes=1000)
    bench.until(lambda: bench.task(run).state == "running")
    folder = bench.folder(bench.attempt(run))
    task = json.loads((folder / "task.json").read_text())
    case = bench.case(run)
    assert (task["token"], task["mark"]) == (case.attempt.token, case.attempt.mark)
    assert len({task["token"], task["mark"], case.attempt.id}) == 3
    assert task["environment"]["NBYARD_RUN_ID"] == run
    assert task["environment"]["NBYARD_NODE_ID"] == "a"
    assert (task["timeout_seconds"], task["memory_bytes"]) == (9.0, 1000)
    assert task["work"]["argv"][-4:] == ["--n", "7", "--out", "{attempt}/outputs/out/out.txt"]
    assert (folder / "code" / "work.py").is_file()
    assert folder.stat().st_mode & 0o077 == 0


def test_the_key_of_a_result_has_one_name() -> None:
    """What predicts runs where nbyard may not be installed, and has the name by itself."""
    assert parts.KEY == RESULT_KEY


def test_a_whole_folder_is_left_alone(bench: Bench) -> None:
    """Two times the same: nothing is staged over work that may be running."""
    run = bench.submit({"a": []})
    bench.until(lambda: bench.task(run).state == "running")
    case = bench.case(run)
    (case.order.folder / "code" / "work.py").write_text("changed by the work")
    prepare(bench.room, Identities(bench.room), case)
    assert (case.order.folder / "code" / "work.py").read_text() == "changed by the work"


@pytest.mark.parametrize("torn", ["other start", "empty", "half"])
def test_what_a_power_cut_left_is_filled_anew(bench: Bench, torn: str) -> None:
    """F13: nothing of the folder is synced; what was begun is not touched."""
    run = bench.submit({"a": []})
    bench.until(lambda: bench.task(run).state == "running")
    case = bench.case(run)
    folder = case.order.folder
    told = json.loads((folder / "task.json").read_text())
    left = {"other start": json.dumps({**told, "boot_id": "of another day"}), "half": '{"attempt'}
    (folder / "task.json").write_text(left.get(torn, ""))
    (folder / "code" / "work.py").write_text("")
    if torn == "other start":
        (folder / "runner.json").write_text("{}")
        prepare(bench.room, Identities(bench.room), case)
        assert (folder / "code" / "work.py").read_text() == ""
        (folder / "runner.json").unlink()
    prepare(bench.room, Identities(bench.room), case)
    assert (folder / "code" / "work.py").read_text() != ""
    assert json.loads((folder / "task.json").read_text()) == told
