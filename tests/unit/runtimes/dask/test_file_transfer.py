"""Files to a place and back, with the worker's side called directly."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from nbyard.domain.attempts.structs import CommandWork, Output, TaskFile
from nbyard.errors import NbyardError, TooLarge
from nbyard.runner import secret_files
from nbyard.runner.work.collect_outputs import UNTOUCHED
from nbyard.runtimes.dask import file_transfer, folder_entries, worker_functions
from nbyard.runtimes.dask.cluster import WorkerGone

pytestmark = pytest.mark.slow

TASK = TaskFile(
    attempt_id="a",
    token="t",
    mark="m",
    work=CommandWork(argv=["true"]),
    outputs={"o": Output("outputs/o"), "apart": Output("code/apart")},
)
CAPS = (1000, 100)


@pytest.fixture
def place(tmp_path) -> Path:
    made = tmp_path / "nbyard-place"
    made.mkdir()
    return made


@pytest.fixture
def folder(tmp_path) -> Path:
    made = tmp_path / "ours"
    for name in ("code/deep", "inputs/i", "outputs/o"):
        (made / name).mkdir(parents=True)
    (made / "task.json").write_text("{}")
    return made


class Asked:
    """Calls what a worker would be asked, and counts."""

    def __init__(self, place: Path):
        self.place = str(place)
        self.calls: list[str] = []

    def __call__(self, verb: str, *words: Any) -> Any:
        self.calls.append(verb)
        return getattr(worker_functions, verb)(self.place, *words)


def test_all_files_of_the_work_are_sent(folder, place, tmp_path):
    large = os.urandom(worker_functions.PIECE_BYTES * 2 + 7)
    (tmp_path / "large").write_bytes(large)
    (folder / "inputs/i/large").symlink_to(tmp_path / "large")
    (folder / "code/run.sh").write_text("echo")
    (folder / "code/run.sh").chmod(0o755)
    (folder / "code/deep/link").symlink_to("../run.sh")
    (folder / "log").write_text("ours")
    file_transfer.send_files(folder, Asked(place))
    there = place / "attempt"
    assert (there / "inputs/i/large").read_bytes() == large
    assert not (there / "inputs/i/large").is_symlink()
    assert os.access(there / "code/run.sh", os.X_OK)
    assert (there / "code/deep/link").readlink() == Path("../run.sh")
    assert (there / "outputs/o").is_dir() and not (there / "log").exists()
    assert worker_functions.attempt_progress(str(place), {}, [])["is_filled"]


def test_secrets_are_in_memory_and_deleted_with_the_worker(folder, place, tmp_path, monkeypatch):
    """This includes a killed worker."""
    monkeypatch.setattr(worker_functions, "MEMORY", str(tmp_path / "memory"))
    monkeypatch.setattr(secret_files, "SHARED", str(tmp_path))
    (tmp_path / "memory").mkdir()
    secret_files.store_secrets(
        str(folder), secret_files.secrets_folder("s", "a"), {"token": b"x"}, ["x"]
    )
    file_transfer.send_files(folder, Asked(place))
    given = place / "attempt/secrets"
    assert (given / "token").read_bytes() == b"x" and (given / ".hidden").exists()
    mine = given.readlink()
    assert mine.parent == tmp_path / "memory" and mine.name.endswith(f"-{os.getpid()}-{place.name}")
    with subprocess.Popen(["true"]) as gone:
        pass
    mine.rename(left := Path(str(mine).replace(f"-{os.getpid()}-", f"-{gone.pid}-")))
    for other in (mine, tmp_path / "memory/nbyard-worker-7-1-of-another-machine"):
        other.mkdir()
    worker_functions.sweep()
    assert not left.exists() and len(os.listdir(tmp_path / "memory")) == 2


def test_growing_files_are_followed(folder, place):
    there, ask = place / "attempt", Asked(place)
    seen: list[int] = []
    there.mkdir()
    (there / "log").write_bytes(b"x" * (worker_functions.PIECE_BYTES + 3))
    (there / "executed.ipynb").write_text("first")
    news, is_new = file_transfer.fetch_growing_files(folder, ask, seen)
    assert is_new and not news["has_result"] and len(ask.calls) == 2
    assert (folder / "log").stat().st_size == worker_functions.PIECE_BYTES + 3
    assert (folder / "executed.ipynb").read_text() == "first"
    assert not file_transfer.fetch_growing_files(folder, ask, seen)[1]
    (there / "executed.ipynb").write_text("second one")
    assert file_transfer.fetch_growing_files(folder, ask, seen)[1]
    assert (folder / "executed.ipynb").read_text() == "second one"


def test_results_are_fetched_completely(folder, place):
    there = place / "attempt"
    (there / "outputs/o/sub").mkdir(parents=True)
    for number in range(1200):
        (there / f"outputs/o/sub/{number}").write_text(str(number))
    (there / "outputs/o/empty").touch()
    (there / "outputs/o/link").symlink_to("/etc/passwd")
    (there / "code").mkdir()
    (there / "code/apart").write_text("apart")
    (there / "result.json").write_text("{}")
    ask = Asked(place)
    assert file_transfer.fetch_results(folder, ask, TASK) == b"{}"
    assert (folder / "outputs/o/sub/1199").read_text() == "1199"
    assert (folder / "outputs/o/empty").read_bytes() == b""
    assert (folder / "outputs/o/link").is_symlink() and (folder / "code/apart").exists()
    assert not (folder / "result.json").exists()
    assert ask.calls.count("take") < 6


@pytest.mark.parametrize(
    ("total", "error", "message"),
    [(9, TooLarge, "disk full: needs"), (99, OSError, "No space left")],
)
def test_results_without_space_are_not_fetched(folder, place, monkeypatch, total, error, message):
    """They wait, unless they exceed an empty disk."""
    there = place / "attempt"
    (there / "outputs/o").mkdir(parents=True, exist_ok=True)
    for name in "ab":
        (there / "outputs/o" / name).write_text("12345")
    (there / "result.json").write_text("{}")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(total=total, free=9))
    with pytest.raises(error, match=message):
        file_transfer.fetch_results(folder, Asked(place), TASK)
    assert not (folder / "outputs/o/a").exists()
    assert file_transfer.fetch_result_file(Asked(place)) == b"{}"


@pytest.fixture
def sent(folder: Path, place: Path) -> Path:
    """The code on the worker, where no file changed since it came."""
    for name, text in (("main.py", "code"), ("data.csv", "1,2"), ("other.csv", "3,4")):
        (folder / "code" / name).write_text(text)
    (folder / "code/main.py").chmod(0o644)
    file_transfer.send_files(folder, Asked(place))
    there = place / "attempt/code"
    while not _ticked(place, there):
        pass
    return there


def _ticked(place: Path, there: Path) -> bool:
    """Whether the clock of the file system went on since all came, as it has when work begins."""
    times = []
    for path in (place / worker_functions.FILLED, there / ".clock"):
        path.touch()
        times.append(path.stat().st_ctime_ns)
    (there / ".clock").unlink()
    return times[0] != times[1]


def test_old_files_keep_their_time(folder, place):
    """The runner identifies old files at the paths of outputs by their time."""
    large, small = folder / "code/large.csv", folder / "code/small.csv"
    large.write_bytes(b"x" * (worker_functions.PIECE_BYTES + 1))
    small.touch()
    for path in (large, small):
        os.utime(path, (UNTOUCHED, UNTOUCHED))
    file_transfer.send_files(folder, Asked(place))
    for path in (large, small):
        assert (place / "attempt/code" / path.name).stat().st_mtime == UNTOUCHED


def test_written_files_are_fetched(folder, place, sent):
    """New files and changed files of the code, whatever their time."""
    before = (sent / "data.csv").stat()
    (sent / "data.csv").write_text("9,9")
    os.utime(sent / "data.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    (sent / "main.py").chmod(0o755)
    (sent / "plots").mkdir()
    (sent / "plots/a.svg").write_text("<svg/>")
    (sent / "apart").write_text("an output")
    for name in (".cache", "__pycache__"):
        (sent / name).mkdir()
        (sent / name / "x").write_text("x")
    ask = Asked(place)
    assert file_transfer.fetch_others(folder, ask, TASK, CAPS) is None
    ours = folder / "code"
    assert (ours / "plots/a.svg").read_text() == "<svg/>"
    assert (ours / "data.csv").read_text() == "9,9"
    found = {path.relative_to(ours).as_posix() for path in ours.rglob("*") if path.is_file()}
    assert found == {"main.py", "data.csv", "other.csv", "plots/a.svg"}
    assert ask.calls == ["others", "take"]


def test_files_that_are_not_kept_are_named(folder, place, sent, tmp_path):
    """Links and invalid names are not fetched, and the limits hold."""
    for name, size in (("a", 1), ("b", 2), ("c", 3), ("large", 40), ("e\u0301", 1), ("\u00e9", 2)):
        (sent / name).write_bytes(b"x" * size)
    (sent / "link").symlink_to(tmp_path)
    os.mkfifo(sent / "pipe")
    (sent / "a\nb").touch()
    Path(os.fsdecode(os.fsencode(sent) + b"/\xff")).touch()
    (sent / "dist").mkdir()
    (sent / "dist/one.whl").write_text("x")
    left = file_transfer.fetch_others(folder, Asked(place), TASK, (30, 3))
    assert left is not None and not left.count
    assert {one.path: one.why for one in left.left_out} == {
        **{"link": "link", "pipe": "link", "dist/": "ignored", "a\\nb": "name"},
        **{"\\udcff": "name", "\u00e9": "name", "c": "too-many", "large": "too-large"},
    }
    ours = {path.name for path in (folder / "code").iterdir()}
    assert ours == {"deep", "main.py", "data.csv", "other.csv", "a", "b", "e\u0301"}


def test_very_deep_folders_are_read_up_to_the_limit(folder, place, sent, monkeypatch):
    monkeypatch.setattr(file_transfer, "LIMITS", {**file_transfer.LIMITS, "most": 9, "depth": 2})
    (sent / "a/b/c").mkdir(parents=True)
    (sent / "a/b/c/deep").write_text("x")
    (sent / "a/b/last").write_text("x")
    (sent / "a/file").write_text("x")
    (sent / "z").write_text("x")
    left = file_transfer.fetch_others(folder, Asked(place), TASK, CAPS)
    assert left is not None
    assert {one.path: one.why for one in left.left_out} == dict.fromkeys(
        ["a/b/", "a/b/c/"], "too-many"
    )
    assert (folder / "code/z").exists() and (folder / "code/a/file").exists()


def test_a_file_that_shrinks_during_the_transfer_is_not_kept(folder, place, sent):
    (sent / "growing").write_text("12345")

    class Changing(Asked):
        def __call__(self, verb: str, *words: Any) -> Any:
            if verb == "take":
                (sent / "growing").write_text("1")
            return super().__call__(verb, *words)

    left = file_transfer.fetch_others(folder, Changing(place), TASK, CAPS)
    assert left is not None
    assert [(one.path, one.why) for one in left.left_out] == [("growing", "unreadable")]
    assert not (folder / "code/growing").exists()


def test_an_occupied_path_blocks_no_other_file(folder, place, sent):
    """The work made a folder where a file of the code was, and a file where a folder was."""
    (sent / "data.csv").unlink()
    (sent / "data.csv").mkdir()
    (sent / "data.csv/inner").write_text("x")
    (sent / "deep").rmdir()
    (sent / "deep").write_text("x")
    (sent / "z").write_text("x")
    left = file_transfer.fetch_others(folder, Asked(place), TASK, CAPS)
    assert left is not None
    assert [(one.path, one.why) for one in left.left_out] == [
        ("data.csv/inner", "unreadable"),
        ("deep", "unreadable"),
    ]
    assert (folder / "code/z").exists()


def test_large_inputs_are_not_sent_back(folder, place, sent):
    """Its time of arrival may be that of the sign that all came."""
    for name in ("data.csv", "other.csv"):
        (sent / name).chmod(0o600)
    (sent / "other.csv").write_text("5,6")
    left = file_transfer.fetch_others(folder, ask := Asked(place), TASK, (2, 9))
    assert left is not None
    assert [(one.path, one.why) for one in left.left_out] == [("other.csv", "too-large")]
    assert ask.calls == ["others"]


@pytest.mark.parametrize("path", ["../outside", "/etc/outside", "a/../../outside", ""])
def test_nothing_is_written_outside_the_folder(folder, path):
    """The response of a worker may come from hostile work."""

    def ask(verb: str, *words: Any) -> Any:
        entry = {"path": path, "kind": "file", "mode": 0o644, "size": 1}
        return [entry] if verb == "outputs" else [b"x"]

    with pytest.raises(NbyardError, match="leads out"):
        file_transfer.fetch_results(folder, ask, TASK)


def test_nothing_is_written_through_a_link(folder, tmp_path):
    (folder / "outputs/o").rmdir()
    (folder / "outputs/o").symlink_to(tmp_path)
    entry = {"path": "outputs/o/x", "kind": "file", "mode": 0o644, "offset": 0, "data": b"x"}
    with pytest.raises(ValueError, match="leads out"):
        folder_entries.write_entries(str(folder), [entry])
    assert not (tmp_path / "x").exists()


def test_a_missing_folder_is_reported(tmp_path):
    assert worker_functions.attempt_progress(str(tmp_path / "gone"), {}, [])["is_there"] is False
    worker_functions.end([str(tmp_path / "nbyard-gone"), str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_a_missing_piece_leaves_no_gap(folder, place, sent, monkeypatch):
    """Its file would have the right size, and zeros in it."""
    monkeypatch.setattr(worker_functions, "PIECE_BYTES", 4)
    (sent / "new").write_text("0123456789")

    class Failing(Asked):
        def __call__(self, verb: str, *words: Any) -> Any:
            answer = super().__call__(verb, *words)
            is_middle = verb == "take" and words[0][0]["offset"] == 4
            return [b""] if is_middle else answer

    left = file_transfer.fetch_others(folder, Failing(place), TASK, CAPS)
    assert left is not None
    assert [(one.path, one.why) for one in left.left_out] == [("new", "unreadable")]
    assert not (folder / "code/new").exists()


def test_files_fetched_before_the_worker_ended_are_kept(folder, place, sent):
    """The work has ended, and its results are on this machine."""
    size = worker_functions.PIECE_BYTES
    for name in ("small", "torn"):
        (sent / name).write_bytes(name.encode() * (1 if name == "small" else size))

    class Going(Asked):
        def __call__(self, verb: str, *words: Any) -> Any:
            if self.calls.count("take") == 3:
                raise WorkerGone
            return super().__call__(verb, *words)

    left = file_transfer.fetch_others(folder, Going(place), TASK, (10 * size, 9))
    assert left is not None
    assert [(one.path, one.why) for one in left.left_out] == [("torn", "unreadable")]
    assert (folder / "code/small").exists() and not (folder / "code/torn").exists()


def test_a_folder_with_very_many_files_takes_little_memory(tmp_path, monkeypatch):
    """It is that of the worker: only so many are looked at, the first ones by their names."""
    for number in range(40):
        (tmp_path / f"{number:02}").touch()
        (tmp_path / f".{number}").touch()
    looked_at = Mock(side_effect=os.lstat)
    monkeypatch.setattr(os, "lstat", looked_at)
    parent, name = str(tmp_path.parent), tmp_path.name
    found = folder_entries.changed_files(parent, name, 0, skipped_patterns=[".*"], most=9, depth=9)
    assert [os.path.basename(one["path"]) for one in found[:-1]] == [f"0{n}" for n in range(9)]
    assert found[-1] == {"path": f"{name}/", "kind": "too-many", "size": 0}
    assert looked_at.call_count == 10
