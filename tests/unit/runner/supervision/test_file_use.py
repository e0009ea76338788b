"""How files and folders are used, from the events of the kernel."""

import pytest

from nbyard.runner.process.inotify import (
    ACCESS,
    CLOSE_NOWRITE,
    CLOSE_WRITE,
    CREATE,
    IS_FOLDER,
    MODIFY,
    MOVED_FROM,
    OPEN,
)
from nbyard.runner.supervision.file_use import FolderEvents, Use

READ = [OPEN, ACCESS, CLOSE_NOWRITE]
MAPPED = [OPEN, CLOSE_NOWRITE]
APPENDED = [OPEN, MODIFY, CLOSE_WRITE]
TRUNCATED = [MODIFY, *APPENDED]
# events of a folder
OPENED, LISTED, CLOSED = (IS_FOLDER | one for one in (OPEN, ACCESS, CLOSE_NOWRITE))
OURS = [OPENED, CLOSED] * 3 + [OPENED, LISTED, LISTED, CLOSED]


@pytest.mark.parametrize(
    ("events", "reads"),
    [
        ([], ""),
        (READ, "first"),
        (MAPPED, "first"),
        ([OPEN], "first"),
        ([OPEN, CLOSE_WRITE], "opened"),
        (APPENDED, "opened"),
        (TRUNCATED, "opened"),
        ([OPEN, MODIFY], "opened"),
        ([CREATE, *APPENDED], "opened"),
        ([CREATE, *APPENDED, *READ], "later"),
        ([*APPENDED, *MAPPED], "later"),
        ([*READ, *APPENDED], "first"),
        ([OPEN, ACCESS, MODIFY, CLOSE_WRITE], "first"),
        ([OPEN, OPEN, MODIFY, CLOSE_WRITE, CLOSE_NOWRITE], "first"),
        ([MOVED_FROM], "first"),
        ([*APPENDED, MOVED_FROM], "later"),
    ],
)
def test_the_time_of_a_read_is_known(events: list[int], reads: str) -> None:
    use = Use()
    for mask in events:
        use.note(mask)
    assert use.reads == reads


@pytest.mark.parametrize(
    ("events", "listings"),
    [
        (OURS, 0),
        (OURS * 3, 0),
        ([OPENED, LISTED, CLOSED], 1),
        ([*OURS, OPENED, LISTED, CLOSED], 1),
        ([OPENED, CLOSED, *OURS], 2),
        ([OPENED, CLOSED] * 9 + [OPENED, LISTED, CLOSED], 1),
        ([OPENED, CLOSED] * 2 + [OPENED, LISTED, CLOSED], 1),
        ([*OURS[:4], CREATE, *OURS[4:]], 2),
        ([*OURS[:-1], OPENED, LISTED, CLOSED, CLOSED], 1),
        ([OPENED, CREATE, CLOSED], 0),
        ([OPEN, ACCESS], 0),
    ],
)
def test_listings_by_others_are_found(events: list[int], listings: int) -> None:
    folder = FolderEvents()
    names = {CREATE: b"a"}
    found = [folder.note_folder_event(mask, names.get(mask, b"")) for mask in events]
    assert found.count(True) == listings
