"""A lost or damaged store is refused with a reason, and stays unchanged."""

import os
import pwd
import sqlite3
from pathlib import Path

import pytest

from nbyard.domain.ignore_rules import STORE_MARK
from nbyard.errors import StoreUnusable
from nbyard.store import Store
from nbyard.store.database import integrity


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A closed store."""
    opened = Store(tmp_path / "store")
    with opened.write() as c:
        for number in range(200):
            opened.facts.get_or_store(c, f"fact{number}", "x" * 200)
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


def test_the_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "deep/store"
    integrity.make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    integrity.make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.fixture
def another(monkeypatch: pytest.MonkeyPatch) -> int:
    """The id of this user, while the process seems to be another user's."""
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 4321)
    return own


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o777])
def test_the_folder_of_another_user_is_refused(tmp_path: Path, another: int, mode: int) -> None:
    folder = tmp_path / "a store"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(StoreUnusable) as refused:
        Store(folder)
    owner = pwd.getpwuid(another).pw_name
    assert f"cannot be used by {another + 4321}" in refused.value.message
    assert refused.value.message.endswith(f" {owner}.")
    assert f"Run nbyard as {owner}" in refused.value.hint
    assert refused.value.hint.endswith(f"sudo chown -R {another + 4321} '{folder}'")
    assert folder.stat().st_mode & 0o777 == mode
    assert not list(folder.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes owners")
def test_root_refuses_the_folder_of_a_user(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    os.chown(folder, 4321, 4321)
    with pytest.raises(StoreUnusable, match="belongs to 4321"):
        Store(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes owners")
def test_files_of_another_user_are_refused(folder: Path) -> None:
    os.lchown(folder / "store.sqlite", 4321, 4321)
    folder.chmod(0o770)
    with pytest.raises(StoreUnusable, match=r"store\.sqlite belongs to 4321") as refused:
        Store(folder)
    assert "Move that file out" in refused.value.hint and "chown" not in refused.value.hint
    assert folder.stat().st_mode & 0o777 == 0o770
    os.lchown(folder / "store.sqlite", 0, 0)
    Store(folder).close()
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes owners")
def test_files_added_during_the_protection_are_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chmod = Path.chmod

    def late(path: Path, mode: int) -> None:
        (folder / "late").touch()
        os.lchown(folder / "late", 4321, 4321)
        chmod(path, mode)

    folder.chmod(0o770)
    monkeypatch.setattr(Path, "chmod", late)
    for _ in range(2):
        with pytest.raises(StoreUnusable, match="late belongs to 4321"):
            Store(folder)
        monkeypatch.undo()
    assert folder.stat().st_mode & 0o777 == 0o770


def test_a_file_system_that_keeps_no_modes_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.chmod(0o755)
    monkeypatch.setattr(Path, "chmod", lambda *_: None)
    with pytest.raises(StoreUnusable) as refused:
        Store(folder)
    assert "mode 755" in refused.value.message
    assert f"chmod 700 {folder}" in refused.value.hint


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    assert "folder cannot be created" in refusal(tmp_path / "store")


@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_database_is_not_created_again(folder: Path, empty: bool) -> None:
    (folder / "store.sqlite").unlink()
    if empty:
        (folder / "store.sqlite").touch()
    assert "empty or gone" in refusal(folder)


def test_a_missing_log_with_an_index_is_refused(folder: Path) -> None:
    (folder / "store.sqlite-shm").write_bytes(b"")
    (folder / "store.sqlite-wal").unlink(missing_ok=True)
    assert "newest changes" in refusal(folder)


def test_closing_concurrently_loses_no_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index, log = folder / "store.sqlite-shm", folder / "store.sqlite-wal"
    index.write_bytes(b"")
    log.unlink(missing_ok=True)
    exists = Path.exists

    def close_first(path: Path) -> bool:
        if path == log:
            index.unlink()
        return exists(path)

    monkeypatch.setattr(Path, "exists", close_first)
    integrity.check_database_files(folder)


def test_damaged_pages(folder: Path) -> None:
    database = folder / "store.sqlite"
    content = bytearray(database.read_bytes())
    for page in range(4096, len(content), 4096):
        content[page : page + 2048] = b"\xff" * 2048
    database.write_bytes(content)
    assert "damaged" in refusal(folder)


def test_a_file_that_is_no_database_is_refused(folder: Path) -> None:
    (folder / "store.sqlite").write_bytes(b"hello " * 2000)
    assert "not a database" in refusal(folder)


def test_tables_without_a_version_are_refused(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with sqlite3.connect(tmp_path / "store/store.sqlite") as half:
        half.execute("pragma journal_mode = wal")
        half.execute("create table runs (id text)")
    half.close()
    assert "was interrupted" in refusal(tmp_path / "store")


def test_an_intact_store_opens_and_keeps_its_mark(folder: Path) -> None:
    mark = (folder / STORE_MARK).read_text()
    again = Store(folder)
    assert mark == again.id + "\n"
    integrity.mark_folder(folder, "another")
    again.close()
    assert (folder / STORE_MARK).read_text() == mark


def test_a_large_database_is_not_read_completely(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Store(folder)
    monkeypatch.setattr(integrity, "CHECKED_BYTES", 0)
    monkeypatch.setattr(opened.database, "engine", None)
    integrity.check_pages(opened.database, folder)
    monkeypatch.undo()
    opened.close()


def refused_unchanged(folder: Path, mode: int) -> tuple[str, str]:
    names = sorted(folder.iterdir())
    with pytest.raises(StoreUnusable) as refused:
        Store(folder)
    assert folder.stat().st_mode & 0o7777 == mode
    assert sorted(folder.iterdir()) == names
    assert str(folder) in refused.value.message
    return refused.value.message, refused.value.hint


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o1777])
def test_a_folder_with_other_files_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "keep.txt").write_text("x")
    folder.chmod(mode)
    message, hint = refused_unchanged(folder, mode)
    assert "contains other files (keep.txt)" in message
    assert hint.endswith(f"NBYARD_STORE_DIR={folder}/nbyard")
    folder.chmod(0o700)


def test_a_new_volume_that_is_open_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a tmpfs or an `emptyDir` of Kubernetes."""
    volume = tmp_path / "volume"
    volume.mkdir()
    volume.chmod(0o1777)
    monkeypatch.setattr(Path, "is_mount", lambda path: path == volume)
    integrity.make_folder(volume)
    assert volume.stat().st_mode & 0o777 == 0o700
    volume.chmod(0o1777)
    monkeypatch.setattr(integrity, "SHARED", (str(volume),))
    with pytest.raises(StoreUnusable):
        integrity.make_folder(volume)


@pytest.mark.parametrize("mode", [0o777, 0o775, 0o1777])
def test_an_empty_folder_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    folder.chmod(mode)
    message, hint = refused_unchanged(folder, mode)
    assert f"mode {mode:o}" in message
    is_shared = mode == 0o1777
    assert ("chmod" in hint) is not is_shared
    assert (f"{folder}/nbyard" in hint) is is_shared


def test_a_world_writable_store_is_refused(folder: Path) -> None:
    folder.chmod(0o777)
    assert f"chmod 700 {folder}" in refused_unchanged(folder, 0o777)[1]


@pytest.mark.parametrize("content", [(), ("lost+found",), ("crypt.key", "README")])
def test_empty_folders_and_unmarked_stores_are_accepted(
    tmp_path: Path, content: tuple[str, ...]
) -> None:
    folder = tmp_path / "d"
    folder.mkdir(mode=0o755)
    for name in content:
        (folder / name).touch()
    integrity.make_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
