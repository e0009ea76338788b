"""Whether files outside the code are as a result expects them."""

import pytest

from nbyard.domain.attempts.outside_files import CHANGED, FileState, Kind, OutsideFile
from nbyard.domain.caching.explanation import change_of
from nbyard.reasons.structs import Reason

FILE = FileState("file", 3, 10, 10, 7)
TOUCHED = FileState("file", 3, 11, 11, 7)
LONGER = FileState("file", 4, 11, 11, 7)
DIGEST = "d"


def change(old: OutsideFile, now: FileState, digest: str = DIGEST) -> str:
    found = change_of("/x", old, now, lambda: digest)
    return str(found) if isinstance(found, Reason) else ""


def read(state: FileState, digest: str = DIGEST) -> OutsideFile:
    return OutsideFile(state, is_read=True, digest=digest)


@pytest.mark.parametrize(
    ("old", "now", "digest", "words"),
    [
        (read(FILE), FILE, "not asked", ""),
        (read(FILE), TOUCHED, DIGEST, ""),
        (read(FILE), TOUCHED, "other", "the file /x changed"),
        (read(FILE), LONGER, DIGEST, "the file /x changed"),
        (read(FILE, ""), TOUCHED, "", "the file /x changed"),
        (read(FILE), TOUCHED, "", "the file /x changed"),
        (read(FILE), FileState("missing"), "", "the file /x is gone"),
        (read(FILE), FileState("unreachable"), "", "the file /x changed"),
        (OutsideFile(FileState("missing")), FILE, "", "the file /x is new"),
        (OutsideFile(FileState("missing")), FileState("missing"), "", ""),
        (OutsideFile(FILE), LONGER, "", ""),
        (OutsideFile(FILE), FileState("folder"), "", "the file /x changed"),
        (read(FileState("folder")), FileState("folder"), DIGEST, ""),
        (read(FileState("folder")), FileState("folder"), "e", "the folder /x changed"),
        (OutsideFile(FileState("folder")), FileState("folder"), "e", ""),
        (read(FileState("folder"), ""), FileState("folder"), "", "the folder /x changed"),
        (read(FileState("missing"), ""), FileState("missing"), "e", ""),
        (read(FileState("missing")), FileState("missing"), DIGEST, ""),
        (read(FileState("missing")), FileState("missing"), "e", "the folder  changed"),
        (read(FileState("special")), FileState("special"), "", "the file /x changed"),
        (CHANGED, FILE, "", "the file /x changed while its last run used it"),
        (
            read(FileState("many")),
            FileState("folder"),
            "",
            "it used too many files to track, at /x and elsewhere",
        ),
    ],
)
def test_changes(old: OutsideFile, now: FileState, digest: str, words: str) -> None:
    assert change(old, now, digest).endswith(words) and bool(words) == bool(
        change(old, now, digest)
    )


@pytest.mark.parametrize("kind", ["file", "folder", "missing"])
def test_an_equal_state_is_no_change(kind: Kind) -> None:
    state = FILE if kind == "file" else FileState(kind)
    for old in (OutsideFile(state), read(state)):
        assert not change(old, state)
