"""What work reads of its code, as the kernel tells it."""

import ctypes
import errno
import mmap
import os
import selectors
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.runner.reasons import because
from nbyard.runner.supervision import watch
from nbyard.runner.supervision.watch import Watch


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with files at two depths."""
    (tmp_path / "data/deep").mkdir(parents=True)
    for name in ("a.txt", "data/b.txt", "data/deep/c.txt"):
        (tmp_path / name).write_text("x")
    return tmp_path


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


@pytest.fixture
def watching(code: Path, selector: selectors.BaseSelector) -> Iterator[Watch]:
    made = Watch(str(code), selector)
    yield made
    made.close()


def test_at_first_nothing_is_seen(watching: Watch) -> None:
    assert watching.observed() == {"read": [], "listed": [], "written": [], "passing": []}


def test_files_that_are_opened_are_seen_at_every_depth(watching: Watch, code: Path) -> None:
    (code / "a.txt").read_text()
    (code / "data/deep/c.txt").stat()
    subprocess.run(["cat", code / "data/b.txt"], check=True, stdout=subprocess.DEVNULL)
    assert watching.observed()["read"] == ["a.txt", "data/b.txt"]
    with (code / "data/deep/c.txt").open("r+b") as file, mmap.mmap(file.fileno(), 0):
        pass
    assert watching.observed()["read"] == ["a.txt", "data/b.txt", "data/deep/c.txt"]


def test_written_files_are_seen(watching: Watch, code: Path) -> None:
    """At every depth, in new folders too; those that are gone again are told apart."""
    (code / "a.txt").write_text("new")
    (code / "part").write_text("moved")
    (code / "part").rename(code / "data/whole.csv")
    (code / "out/deep").mkdir(parents=True)
    (code / "out/deep/x.csv").write_text("x")
    (code / "gone").write_text("")
    (code / "gone").unlink()
    (code / "link").symlink_to("a.txt")
    seen = watching.observed()
    assert seen["written"] == ["a.txt", "data/whole.csv", "out/deep/x.csv"]
    assert seen["passing"] == ["gone", "part"]


def test_undecodable_names_are_left_out(watching: Watch, code: Path) -> None:
    (code / "out").mkdir()
    (code / "out/x.csv").write_text("x")
    for folder in (code, code / "out"):
        with open(os.fsencode(folder) + b"/\xe9t\xe9.csv", "w"):
            pass
    os.mkdir(os.fsencode(code) + b"/out/\xe9")
    (code / os.fsdecode(b"out/\xe9") / "y.csv").write_text("y")
    assert watching.observed()["written"] == ["out/x.csv"]


def test_many_written_files_are_limited(watching: Watch, code: Path) -> None:
    (code / "out").mkdir()
    for number in range(watch.MOST_WRITTEN + 9):
        (code / f"out/{number:03}").write_text("")
    assert watching.observed()["written"] == [f"out/{n:03}" for n in range(watch.MOST_WRITTEN)]


def test_folders_that_are_listed_are_seen(watching: Watch, code: Path) -> None:
    os.listdir(code / "data")
    assert watching.observed()["listed"] == ["data"]
    list(code.iterdir())
    assert watching.observed()["listed"] == [".", "data"]


def test_a_file_that_is_read_through_a_link_is_seen(watching: Watch, code: Path) -> None:
    (code / "link").symlink_to("a.txt")
    (code / "link").read_text()
    assert watching.observed()["read"] == ["a.txt"]


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_file_with_a_second_name_counts_as_read(
    watching: Watch, code: Path, *, is_gone: bool
) -> None:
    (code / "other").hardlink_to(code / "data/b.txt")
    if is_gone:
        (code / "other").unlink()
    (code / "new").write_text("")
    read = watching.observed()["read"]
    assert "data/b.txt" in read
    assert is_gone or "a.txt" not in read  # clocks of file systems are coarse


def test_moved_files_count_as_read(watching: Watch, code: Path) -> None:
    (code / "data").rename(code / "elsewhere")
    (code / "a.txt").rename(code / "b.txt")
    assert {"a.txt", "data/"} <= set(watching.observed()["read"])


def test_events_wake_the_selector(
    watching: Watch, code: Path, selector: selectors.BaseSelector
) -> None:
    assert selector.select(0) == []
    (code / "a.txt").read_text()
    ((key, _),) = selector.select(0)
    key.data(key.fd)
    assert selector.select(0) == []
    watching.leave()
    (code / "data/b.txt").read_text()
    assert selector.select(0) == []
    assert watching.observed()["read"] == ["a.txt", "data/b.txt"]


def test_too_many_files_are_a_problem(
    watching: Watch, code: Path, selector: selectors.BaseSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MOST", 1)
    for name in ("a.txt", "data/b.txt", "data/deep/c.txt"):
        (code / name).read_text()
    assert watching.observed() == {"problem": because("too-many-reads")}
    (code / "a.txt").read_text()
    assert selector.select(0) == []


def test_an_exhausted_system_limit_is_a_problem(
    code: Path, selector: selectors.BaseSelector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are so many watches for each user."""

    class Libc:
        @staticmethod
        def inotify_init1(_flags: int) -> int:
            ctypes.set_errno(errno.EMFILE)
            return -1

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Libc)
    made = Watch(str(code), selector)
    made.leave()
    too_many = because("reads-not-watched", error="[Errno 24] Too many open files")
    assert made.observed()["problem"] == too_many
    made.close()


def test_a_folder_that_cannot_be_watched_is_a_problem(
    tmp_path: Path, selector: selectors.BaseSelector
) -> None:
    made = Watch(str(tmp_path / "none"), selector)
    problem = made.observed()["problem"]
    assert isinstance(problem, dict) and problem["code"] == "reads-not-watched"
    made.close()
