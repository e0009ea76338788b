"""F22: a store that was lost or damaged is refused in words, and nothing of it is changed."""

import sqlite3
from pathlib import Path

import pytest

from nbyard.errors import StoreUnusable
from nbyard.store import Store, soundness


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed store."""
    opened = Store(tmp_path / "store")
    with opened.write() as c:
        for number in range(200):
            opened.facts.once(c, f"fact{number}", "x" * 200)
    opened.close()
    return tmp_path / "store"


def refusal(folder: Path) -> str:
    before = {p.name: p.read_bytes() for p in folder.iterdir()} if folder.is_dir() else {}
    with pytest.raises(StoreUnusable) as refused:
        Store(folder)
    assert str(folder) in refused.value.message
    assert f"mv {folder} {folder}.old" in refused.value.hint
    for name, content in before.items():
        if not name.endswith(("-shm", "-wal")):
            assert (folder / name).read_bytes() == content
    return refused.value.message


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep/store"
    soundness.make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    soundness.make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    assert "folder cannot be made" in refusal(tmp_path / "store")


@pytest.mark.parametrize("empty", [True, False])
def test_a_database_that_is_gone_is_not_begun_anew(folder: Path, empty: bool) -> None:
    (folder / "store.sqlite").unlink()
    if empty:
        (folder / "store.sqlite").touch()
    assert "empty or gone" in refusal(folder)


def test_a_log_that_is_gone_while_its_index_is_there(folder: Path) -> None:
    (folder / "store.sqlite-shm").write_bytes(b"")
    (folder / "store.sqlite-wal").unlink(missing_ok=True)
    assert "newest changes" in refusal(folder)


def test_damaged_pages(folder: Path) -> None:
    database = folder / "store.sqlite"
    content = bytearray(database.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 2048] = b"\xff" * 2048
    database.write_bytes(content)
    assert "damaged" in refusal(folder)


def test_what_is_no_database(folder: Path) -> None:
    (folder / "store.sqlite").write_bytes(b"hello " * 2000)
    assert "not a database" in refusal(folder)


def test_tables_without_a_stamp(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with sqlite3.connect(tmp_path / "store/store.sqlite") as half:
        half.execute("pragma journal_mode = wal")
        half.execute("create table runs (id text)")
    half.close()
    assert "broken off" in refusal(tmp_path / "store")


def test_a_sound_store_opens_and_keeps_its_mark(folder: Path) -> None:
    mark = (folder / soundness.MARK).read_text()
    again = Store(folder)
    assert mark == again.id + "\n"
    soundness.mark(folder, "another")
    again.close()
    assert (folder / soundness.MARK).read_text() == mark


def test_a_large_database_is_not_read_through(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Store(folder)
    monkeypatch.setattr(soundness, "CHECKED_BYTES", 0)
    monkeypatch.setattr(opened.database, "engine", None)
    soundness.check_pages(opened.database, folder)
    monkeypatch.undo()
    opened.close()
