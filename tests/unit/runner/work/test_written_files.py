"""Files that each call wrote in the folder that calls share."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.runner.process import inotify
from nbyard.runner.work import function_calls
from nbyard.runner.work.function_calls import WrittenFiles


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a file of the bundle."""
    (tmp_path / "code/data").mkdir(parents=True)
    (tmp_path / "code/data/a.txt").write_text("old")
    return tmp_path / "code"


@pytest.fixture
def written(code: Path) -> Iterator[WrittenFiles]:
    made = WrittenFiles(str(code), ["data"], 1000, 4)
    assert made.inotify is not None
    yield made
    made.inotify.close()


def kept(written: WrittenFiles, place: Path) -> dict[str, str]:
    """Return the files that a call in `place` has."""
    assert written.copy_to(str(place)) == place.exists()
    return {
        str(path.relative_to(place / "code")): path.read_text()
        for path in (place / "code").rglob("*")
        if path.is_file()
    }


def left_out(place: Path) -> dict[str, str]:
    told = json.loads((place / "others.json").read_text())
    assert told["more"] == 0
    return {one["path"]: one["why"] for one in told["left_out"]}


def test_each_call_has_its_written_files(code: Path, written: WrittenFiles, tmp_path: Path) -> None:
    """As it was at its end, whatever later calls do. A call that only reads has no folder."""
    (code / "out.csv").write_text("first")
    with open(code / "data/a.txt", "a") as file:
        file.write(" and new")
    (code / "plots/deep").mkdir(parents=True)
    (code / "plots/deep/p.svg").write_text("svg")
    expected = {"out.csv": "first", "data/a.txt": "old and new", "plots/deep/p.svg": "svg"}
    assert kept(written, tmp_path / "one") == expected
    (code / "data/a.txt").read_text()
    assert kept(written, tmp_path / "two") == {}
    (code / "part").write_text("second")
    (code / "part").replace(code / "out.csv")
    (code / "plots/deep/q.svg").write_text("q")
    (code / "plots").rename(code / "pictures")
    found = kept(written, tmp_path / "three")
    assert found["out.csv"] == "second" and found["pictures/deep/q.svg"] == "q"
    assert (tmp_path / "one/code/out.csv").read_text() == "first"
    (code / "pictures/r.svg").write_text("r")
    assert kept(written, tmp_path / "four") == {"pictures/r.svg": "r"}


def test_a_file_that_stays_open_counts(code: Path, written: WrittenFiles, tmp_path: Path) -> None:
    """As that of a logger, which is closed at the end of the process."""
    with open(code / "log", "w") as log:
        for name in ("one", "two"):
            log.write(f"{name}\n")
            log.flush()
            assert kept(written, tmp_path / name)["log"].endswith(f"{name}\n")


def test_caches_and_deleted_files_do_not_count(
    code: Path, written: WrittenFiles, tmp_path: Path
) -> None:
    (code / "__pycache__").mkdir()
    for name in ("__pycache__/m.pyc", ".hidden", "gone"):
        (code / name).write_text("x")
    (code / "gone").unlink()
    assert kept(written, tmp_path / "one") == {}


def test_files_that_are_not_copied_are_named(
    code: Path, written: WrittenFiles, tmp_path: Path
) -> None:
    """Links, pipes, and files beyond the limits, of which the largest are left."""
    for number, size in enumerate((1, 2, 3, 4, 5, 2000)):
        (code / f"f{number}").write_bytes(b"x" * size)
    (code / "link").symlink_to("/etc/passwd")
    os.mkfifo(code / "pipe")
    (code / os.fsdecode(b"\xe9")).symlink_to("f1")
    assert {*kept(written, tmp_path / "one")} == {"f0", "f1", "f2", "f3"}
    expected = {"f4": "too-many", "f5": "too-large", "link": "link", "pipe": "link"}
    assert left_out(tmp_path / "one") == expected | {"\\udce9": "link"}


def test_a_file_that_cannot_be_read_is_named(
    code: Path, written: WrittenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr("shutil.copyfile", refuse)
    (code / "a").write_text("x")
    assert kept(written, tmp_path / "one") == {}
    assert left_out(tmp_path / "one") == {"a": "unreadable"}


def test_after_lost_events_every_file_counts(
    code: Path, written: WrittenFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dispatcher knows those of the bundle."""
    monkeypatch.setattr(written.inotify, "read", lambda: iter([(-1, inotify.OVERFLOW, b"")]))
    (code / "new").write_text("x")
    assert kept(written, tmp_path / "one") == {"new": "x", "data/a.txt": "old"}


@pytest.mark.parametrize("limits", [(0, 10), (10, 0)])
def test_without_a_limit_nothing_is_watched(
    code: Path, tmp_path: Path, limits: tuple[int, int]
) -> None:
    written = WrittenFiles(str(code), ["data"], *limits)
    (code / "new").write_text("x")
    assert kept(written, tmp_path / "one") == {}


def test_nothing_is_kept_without_inotify(
    code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError

    monkeypatch.setattr(function_calls, "Inotify", refuse)
    written = WrittenFiles(str(code), [], 10, 10)
    (code / "new").write_text("x")
    assert kept(written, tmp_path / "one") == {}
