"""Files outside the code folder: which state differs between two tasks."""

import pytest

from nbyard.domain.attempts.outside_files import FileState, Kind, OutsideFile
from nbyard.domain.attempts.structs import Observed
from nbyard.domain.comparison.causes import outside_changes


def file(kind: Kind = "file", digest: str = "", size: int = 1, read: bool = True) -> OutsideFile:
    return OutsideFile(FileState(kind, size, 5), read, digest)


CASES = [
    (file(digest="1"), file(digest="1", size=2), None),
    (file(digest="1"), file(digest="2"), "file-changed"),
    (file(), file(digest="2"), None),
    (file(), file(size=2), "file-changed"),
    (file(read=False), file(size=2), None),
    (file("missing"), file(), "file-added"),
    (file(), file("missing"), "file-removed"),
    (file(), file("folder"), "file-changed"),
    (file("folder", "1"), file("folder", "2"), "folder-changed"),
    (file("changed"), file(), "file-changed-meanwhile"),
]


@pytest.mark.parametrize(("old", "new", "code"), CASES)
def test_a_path_used_by_both_runs_is_compared(
    old: OutsideFile, new: OutsideFile, code: str | None
) -> None:
    then, now = Observed(outside={"/d": old}), Observed(outside={"/d": new})
    assert [reason.code for _, reason in outside_changes(then, now)] == ([code] if code else [])


def test_a_path_used_by_one_run_is_no_change() -> None:
    used = Observed(outside={"/d": file()})
    assert list(outside_changes(used, Observed())) == []
    assert list(outside_changes(None, used)) == []
