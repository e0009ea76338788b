"""How work uses files outside its code, at the paths that the code names."""

import logging
import mmap
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.ignore_rules import STORE_MARK
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
from nbyard.runner.process.path_states import (
    FOLDER,
    MISSING,
    digest_of_names,
    digests_at,
    names_in,
    state_of,
)
from nbyard.runner.supervision import outside
from nbyard.runner.supervision.outside import FolderEvents, OutsideWatch, Use

Used = dict[str, dict[str, Any]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with files at two depths, which were not changed just now."""
    (tmp_path / "data/deep").mkdir(parents=True)
    for name in ("a.csv", "b.csv", "log", "deep/c.csv"):
        (tmp_path / "data" / name).write_text("0123456789")
        os.utime(tmp_path / "data" / name, (1e9, 1e9))
    return tmp_path / "data"


@pytest.fixture
def used(data: Path) -> Iterator[Callable[..., Used]]:
    """Return how an action uses named paths, by name in the folder of data.

    Folders that are neither named nor read are left out.
    """
    watches: list[OutsideWatch] = []

    def act(action: Callable[[], object], *names: str) -> Used:
        named = [os.path.normpath(data / name) for name in names]
        watches.append(OutsideWatch(named))
        action()
        seen = watches[-1].uses()
        return {
            os.path.relpath(path, data): use
            for path, use in seen.items()
            if path in named or use["reads"]
        }

    yield act
    for watch in watches:
        watch.close()


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("x")


def map_it(path: Path) -> None:
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        assert mapped[:1]


def count_up(path: Path) -> None:
    path.write_text(f"{len(path.read_text())}")


def insert(path: Path) -> None:
    c = sqlite3.connect(path)
    c.execute("create table if not exists t (x)")
    c.commit()
    c.close()


def log_to(path: Path) -> None:
    handler = logging.FileHandler(path)
    handler.emit(logging.LogRecord("n", 30, "", 1, "words", None, None))
    handler.close()


def replace(path: Path) -> None:
    new = path.with_name("part")
    new.write_text("new content")
    new.replace(path)


@pytest.mark.parametrize(
    ("action", "reads", "is_changed"),
    [
        (Path.read_text, "first", False),
        (
            lambda path: subprocess.check_output(["cat", path]),
            "first",
            False,
        ),
        (Path.stat, "", False),
        (lambda path: path.chmod(0o600), "", False),
        (map_it, "opened", False),
        (append, "opened", True),
        (log_to, "opened", True),
        (lambda path: path.write_text("new"), "opened", True),
        (replace, "", True),
        (Path.unlink, "", True),
        (count_up, "first", True),
        (insert, "first", True),
        (lambda path: (path.write_text("new"), path.read_text()), "later", True),
        (lambda path: path.rename(path.with_name("moved")), "first", True),
    ],
)
def test_uses_of_a_file(
    data: Path,
    used: Callable[..., Used],
    action: Callable[[Path], object],
    reads: str,
    is_changed: bool,
) -> None:
    path = data / "a.csv"
    if action is insert:
        path.unlink()
        insert(path)
        c = sqlite3.connect(path)

        def change(_: Path) -> None:
            c.execute("insert into t values (1)")
            c.commit()
            c.close()

        action = change
    before = state_of(str(path))
    found = used(lambda: action(path), "a.csv")["a.csv"]
    assert (found["reads"], found["is_changed"]) == (reads, is_changed)
    assert found["start"] == before and found["end"] == state_of(str(path))


@pytest.mark.parametrize(
    ("action", "reads", "is_changed"),
    [
        (Path.exists, "", False),
        (lambda path: path.write_text("x"), "opened", True),
        (lambda path: (path.write_text("x"), path.read_text()), "later", True),
        (lambda path: (path.write_text("x"), path.unlink()), "opened", False),
    ],
)
def test_uses_of_a_missing_file(
    data: Path,
    used: Callable[..., Used],
    action: Callable[[Path], object],
    reads: str,
    is_changed: bool,
) -> None:
    found = used(lambda: action(data / "new.csv"), "new.csv")["new.csv"]
    assert (found["start"], found["reads"], found["is_changed"]) == (MISSING, reads, is_changed)


def test_unwatchable_files_count_as_read(data: Path, used: Callable[..., Used]) -> None:
    """A folder comes while the work runs."""

    def write() -> None:
        (data / "later").mkdir()
        (data / "later/x.csv").write_text("x")

    found = used(write, "later/x.csv", "none/x.csv")
    assert (found["later/x.csv"]["reads"], found["later/x.csv"]["is_changed"]) == ("first", True)
    assert found["none/x.csv"] == {
        **{"start": MISSING, "end": MISSING},
        **{"reads": "first", "is_changed": False},
        **{"names": digest_of_names([]), "entries": digest_of_names([])},
    }


def test_files_in_a_named_folder_are_seen_at_every_depth(
    data: Path, used: Callable[..., Used]
) -> None:
    """Those that are read; a new one that is only written is not recorded."""

    def act() -> None:
        (data / "deep/c.csv").read_text()
        (data / "out.csv").write_text("x")
        append(data / "log")

    found = used(act, ".")
    assert {path: use["reads"] for path, use in found.items()} == {
        **{".": "", "deep/c.csv": "first", "log": "opened", "out.csv": "opened"}
    }
    assert [path for path, use in found.items() if use["is_changed"]] == ["log", "out.csv"]


def test_only_paths_with_the_prefix_are_seen(data: Path, used: Callable[..., Used]) -> None:
    def act() -> None:
        for name in ("a.csv", "b.csv"):
            (data / name).read_text()

    assert {*used(act, "a")} == {"a", "a.csv"}


def test_listing_a_folder(data: Path, used: Callable[..., Used]) -> None:
    found = used(lambda: os.listdir(data / "deep"), "deep")["deep"]
    names, _ = digests_at(str(data / "deep"), FOLDER)
    assert found["reads"] == "first" and not found["is_changed"] and found["names"] == names

    def add() -> None:
        (data / "deep/new").touch()
        os.listdir(data / "deep")

    found = used(add, "deep")["deep"]
    assert found["reads"] == "later" and found["is_changed"] and found["names"] == names
    found = used((data / "deep/newer").touch, "deep")["deep"]
    assert not found["reads"] and found["names"] != names


def test_watches_of_other_attempts_do_not_count(data: Path, used: Callable[..., Used]) -> None:
    """Parallel nodes often name the same folder."""
    folder = str(data / "deep")

    def watch() -> None:
        OutsideWatch([folder]).close()
        names_in(folder)
        with (data / "deep/c.csv").open("a") as file:
            names_in(folder)
            file.write("x")

    assert used(watch, "deep")["deep"]["reads"] == ""

    def list_beside() -> None:
        watch()
        os.listdir(folder)
        watch()

    assert used(list_beside, "deep")["deep"]["reads"] == "first"

    def synchronize() -> None:
        for _ in range(9):
            (data / "deep/journal").touch()
            os.close(os.open(folder, os.O_RDONLY))

    assert used(synchronize, "deep")["deep"]["reads"] == ""

    def synchronize_and_list() -> None:
        synchronize()
        os.listdir(folder)

    assert used(synchronize_and_list, "deep")["deep"]["reads"] == "first"


def test_folders_that_other_programs_create_are_no_names(
    data: Path, used: Callable[..., Used]
) -> None:
    def act() -> None:
        os.listdir(data)
        (data / "__pycache__").mkdir()

    assert not used(act, ".")["."]["is_changed"]


def test_each_folder_and_each_beginning_has_digests_of_its_start(data: Path) -> None:
    """Code may test computed paths there, which no event shows."""
    (data / "__pycache__").mkdir()
    named, beginning = str(data), f"{data}/deep/c.cs"
    before = {path: digests_at(path, FOLDER) for path in (named, f"{data}/deep")}
    before[beginning] = digests_at(beginning, MISSING)
    watch = OutsideWatch([named, beginning])
    (data / "deep/c.csv").write_text("longer than before")
    (data / "deep/new").touch()
    uses = watch.uses()
    watch.close()
    assert {path: (uses[path]["names"], uses[path]["entries"]) for path in before} == before
    assert f"{data}/__pycache__" not in uses


def test_a_compiled_module_counts_as_its_source(data: Path, used: Callable[..., Used]) -> None:
    """Python does not open the source then."""
    (data / "far.py").write_text("V = 1")
    (data / "__pycache__").mkdir()
    compiled = data / "__pycache__/far.cpython-311.pyc"
    compiled.write_text("compiled")
    found = used(compiled.read_text, ".")
    assert found["far.py"]["reads"] == "first" and len(found) == 2


def test_targets_of_links_are_seen(data: Path, used: Callable[..., Used]) -> None:
    elsewhere = data.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.csv").write_text("x")
    (data / "x.csv").symlink_to(elsewhere / "x.csv")
    (data / "folder").symlink_to(elsewhere)
    (data / "loop").symlink_to(data)
    assert used((data / "x.csv").read_text, "x.csv")["x.csv"]["reads"] == "first"
    found = used((data / "x.csv").read_text, ".")
    assert {path for path, use in found.items() if use["reads"]} == {"x.csv", "folder/x.csv"}


def test_a_folder_with_two_names(data: Path, used: Callable[..., Used]) -> None:
    """One of them is a link."""
    (data.parent / "alias").symlink_to(data)

    def act() -> None:
        (data / "a.csv").read_text()
        (data.parent / "alias/deep/c.csv").read_text()

    found = used(act, ".", "../alias")
    files = {"a.csv", "deep/c.csv", "../alias/a.csv", "../alias/deep/c.csv"}
    assert {path for path, use in found.items() if use["reads"]} == files


def test_a_link_that_leads_elsewhere_before_it_is_read(
    data: Path, used: Callable[..., Used]
) -> None:
    """Nothing watches the target, so it counts as read."""
    (data / "now").symlink_to(data / "deep")

    def act() -> None:
        (data / "new").mkdir()
        (data / "new/c.csv").write_text("other")
        (data / "next").symlink_to(data / "new")
        (data / "next").replace(data / "now")
        (data / "now/c.csv").read_text()

    found = used(act, "now/c.csv")["now/c.csv"]
    assert (found["reads"], found["is_changed"]) == ("first", True)


def test_files_are_watched_before_large_folders(
    data: Path, used: Callable[..., Used], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what cannot be watched, a file counts as read."""
    monkeypatch.setattr(outside, "MOST_PLACES", 1)
    found = used(lambda: append(data / "log"), "deep", "log", "../none")
    assert found["log"]["reads"] == "opened" and found["../none"]["reads"] == "first"


def test_a_link_to_itself_hides_no_folder(data: Path, used: Callable[..., Used]) -> None:
    for number in range(6):
        (data / f"folder{number}").mkdir()
        (data / f"folder{number}/a.csv").write_text("x")
        (data / f"loop{number}").symlink_to(f"loop{number}")
    files = [data / f"folder{number}/a.csv" for number in range(6)]
    seen = used(lambda: [file.read_text() for file in files], ".")
    read = {f"folder{number}/a.csv" for number in range(6)}
    assert read <= {name for name, use in seen.items() if use["reads"]}


def test_a_folder_that_cannot_be_watched_counts_as_read(
    data: Path, used: Callable[..., Used], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the system had given out all its watches."""
    monkeypatch.setattr(OutsideWatch, "_add", lambda self, path: False)
    assert used((data / "a.csv").read_text, ".")["."]["reads"] == "first"


def test_environments_and_shared_folders_are_not_walked(
    data: Path, used: Callable[..., Used], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their files would be many."""
    (data / "deep/pyvenv.cfg").touch()
    assert {*used((data / "deep/c.csv").read_text, ".")} == {"."}
    (data / "deep/pyvenv.cfg").unlink()
    monkeypatch.setenv("HOME", str(data))
    assert {*used((data / "deep/c.csv").read_text, ".")} == {"."}
    assert {*used((data / "a.csv").read_text, ".")} == {".", "a.csv"}


def test_a_store_in_a_named_folder_is_not_watched(data: Path, used: Callable[..., Used]) -> None:
    """It changes while the work runs. A folder with a file of that name alone is no store."""
    assert STORE_MARK in outside.STORE
    (data / "deep" / STORE_MARK).touch()
    assert {*used((data / "deep/c.csv").read_text, ".")} == {".", "deep/c.csv"}
    attempt = data / "deep/attempts/a"
    attempt.mkdir(parents=True)
    (data / "link").symlink_to("deep")

    def work() -> None:
        (data / "a.csv").read_text()
        (attempt / "log").write_text("x")
        (attempt / "log").read_text()
        (data / "deep/c.csv").read_text()

    assert {*used(work, ".")} == {".", "a.csv"}


def test_too_many_files_are_counted(
    data: Path, used: Callable[..., Used], monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        for name in ("a.csv", "b.csv", "deep/c.csv"):
            (data / name).read_text()

    monkeypatch.setattr(outside, "MOST_READ", 1)
    assert used(act, ".", "none") == {path: {"end": ["many"]} for path in (".", "none")}


def test_without_events_everything_counts_as_read(
    data: Path, used: Callable[..., Used], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a system without inotify; what was new is what the work wrote."""

    def nothing() -> None:
        raise OSError("Too many open files")

    monkeypatch.setattr(outside, "Inotify", nothing)

    def act() -> None:
        append(data / "log")
        (data / "new.csv").write_text("x")

    found = used(act, ".", "new.csv")
    changed = {path: use["reads"] for path, use in found.items() if use["is_changed"]}
    assert changed == {".": "first", "log": "first", "new.csv": "first"}
    left = {path for path, use in found.items() if not use["is_changed"]}
    assert left == {"a.csv", "b.csv", "deep", "deep/c.csv"}


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
