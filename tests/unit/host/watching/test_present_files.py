"""Watched files of this machine."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nbyard.host.watching import TooManyFiles, changed_at, present_files


def names(path, *, is_deep=True, most=100, matches=lambda _: True):
    found = present_files(path, matches, is_deep=is_deep, most=most)
    return sorted(one.removeprefix(f"{path}/") for one in found)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for name in ("a", "sub/b", "sub/deep/c", ".hidden/d"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_files_have_time_and_size(folder):
    found = present_files(folder, lambda name: name == "a", is_deep=False, most=9)
    stat = (folder / "a").stat()
    assert found == {str(folder / "a"): (stat.st_mtime_ns, stat.st_size)}
    assert present_files(folder / "a", lambda _: False, is_deep=False, most=9) == found


def test_subfolders_count_if_asked(folder):
    assert names(folder, is_deep=False) == ["a"]
    assert names(folder) == ["a", "sub/b", "sub/deep/c"]
    assert names(folder, matches=lambda name: name.startswith("sub/deep/")) == ["sub/deep/c"]


def test_links_and_special_files(folder):
    (folder / "link").symlink_to(folder / "a")
    (folder / "broken").symlink_to(folder / "none")
    (folder / "loop").symlink_to(folder)
    assert names(folder) == ["a", "link", "sub/b", "sub/deep/c"]


def test_a_missing_path_has_no_files(folder):
    assert names(folder / "none") == names(folder / "a" / "b") == []


def test_too_many_files(folder, monkeypatch):
    with pytest.raises(TooManyFiles):
        names(folder, most=2)
    monkeypatch.setattr("nbyard.host.watching.MOST_LOOKED_AT", 3)
    with pytest.raises(TooManyFiles):
        names(folder, matches=lambda _: False)


def test_names_that_are_not_utf8_are_left_out(tmp_path):
    """The causes of runs name files, and JSON cannot contain such names."""
    (tmp_path / "ä.csv").write_text("1")
    for name in (b"bad\xff.csv", b"bad\xff/a.csv"):
        path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
    found = present_files(tmp_path, lambda _: True, is_deep=True, most=10)
    assert [*found] == [str(tmp_path / "ä.csv")]


def test_the_time_of_a_change_is_that_of_the_file_or_of_its_folder(tmp_path):
    """A file that keeps its time of modification has a new time of change."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    file = tmp_path / "in" / "a.csv"
    file.parent.mkdir()
    file.write_text("1")
    os.utime(file, (0, 0))
    assert before <= changed_at(str(file)) <= datetime.now(UTC) + timedelta(seconds=1)
    os.utime(file.parent, (100, 100))
    file.unlink()
    assert changed_at(str(file)) > before
    os.utime(file.parent, (100, 100))
    assert changed_at(str(file)) == datetime.fromtimestamp(100, UTC)
    file.parent.rmdir()
    assert changed_at(str(file)) > before
