"""Blobs: stored once, whole or not at all, checked when read."""

import hashlib
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbyard.blobs import Blobs, file_operations
from nbyard.errors import Conflict, Damaged, Invalid, NotFound, TooLarge, Unavailable

Damage = Callable[..., None]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.csv"
    path.write_bytes(b"a,b\n1,2\n" * 1000)
    return path


@given(content=st.binary(max_size=8000))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
def test_stored_bytes_are_read_back(blobs: Blobs, content: bytes) -> None:
    blob = blobs.put_bytes(content)
    assert blob.digest == "sha256:" + hashlib.sha256(content).hexdigest()
    assert blob.size_bytes == len(content)
    with blobs.open(blob.digest) as file:
        assert file.read() == content
    with blobs.open_seekable(blob.digest) as file:
        assert file.read() == content
    assert not list(blobs.temp.iterdir())


def test_a_file_is_copied_or_moved_in_and_stored_once(blobs: Blobs, source: Path) -> None:
    copied = blobs.put_file(source)
    assert source.exists()
    moved = blobs.put_file(source, move=True)
    assert not source.exists()
    assert copied == moved
    assert [found.digest for found in blobs.stored()] == [copied.digest]
    assert blobs.path(copied.digest).stat().st_mode & 0o777 == 0o444


def test_a_file_with_a_second_name_is_copied_when_moved(blobs: Blobs, source: Path) -> None:
    other = source.with_name("other")
    os.link(source, other)
    blob = blobs.put_file(source, move=True)
    other.write_bytes(b"changed")
    blobs.verify(blob.digest)
    assert not source.exists()


def test_from_an_open_file(blobs: Blobs, source: Path) -> None:
    with source.open("rb") as file:
        assert blobs.put_fd(file.fileno()) == blobs.put_file(source)


def adopted(blobs: Blobs, path: Path) -> str:
    with path.open("rb") as file:
        return blobs.put_fd(file.fileno(), adopt=True).digest


def test_a_file_that_is_adopted_is_not_copied(blobs: Blobs, source: Path) -> None:
    digest = adopted(blobs, source)
    assert source.stat().st_ino == blobs.path(digest).stat().st_ino
    assert blobs.path(digest).stat().st_mode & 0o777 == 0o444
    assert adopted(blobs, source) == digest, "after a crash it is done once more"
    source.unlink()
    blobs.verify(digest)
    assert not list(blobs.temp.iterdir())


def test_an_adopted_file_heals_a_damaged_blob(blobs: Blobs, source: Path, damage: Damage) -> None:
    """An existing blob is trusted only if it is undamaged."""
    digest = blobs.put_file(source).digest
    good = blobs.path(digest).stat().st_ino
    assert adopted(blobs, source) == digest and blobs.path(digest).stat().st_ino == good
    damage(digest, 0)
    assert adopted(blobs, source) == digest
    blobs.verify(digest)


@pytest.mark.parametrize("why", ["second name", "other user", "no links"])
def test_a_file_that_cannot_be_adopted_is_copied(
    blobs: Blobs, source: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    if why == "second name":
        os.link(source, source.with_name("other"))
    elif why == "other user":
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
    else:
        refused = OSError(1, "Operation not permitted")
        monkeypatch.setattr(os, "link", lambda *_, **__: (_ for _ in ()).throw(refused))
    digest = adopted(blobs, source)
    source.chmod(0o644)
    source.write_bytes(b"changed")
    blobs.verify(digest)


@pytest.mark.parametrize("kind", ["link", "fifo", "folder", "missing"])
def test_only_regular_files_are_stored(blobs: Blobs, source: Path, kind: str) -> None:
    path = source.with_name("odd")
    makers: dict[str, Callable[[], None]] = {
        "link": lambda: path.symlink_to(source),
        "fifo": lambda: os.mkfifo(path),
        "folder": path.mkdir,
        "missing": lambda: None,
    }
    makers[kind]()
    with pytest.raises((Invalid, NotFound)):
        blobs.put_file(path)
    assert not list(blobs.stored())


def test_a_file_that_changes_while_read_is_refused(
    blobs: Blobs, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = file_operations.read_chunks

    def growing(fd: int) -> object:
        yield from chunks(fd)
        with source.open("ab") as file:
            file.write(b"more")

    monkeypatch.setattr(file_operations, "read_chunks", growing)
    with pytest.raises(Conflict, match="changed while"):
        blobs.put_file(source)
    with pytest.raises(Conflict, match="changed while"):
        blobs.put_file(source, move=True)
    assert not list(blobs.stored())
    assert not list(blobs.temp.iterdir())


@pytest.mark.parametrize("size", [1, 5000, file_operations.CHUNK, 3 * file_operations.CHUNK + 5])
@pytest.mark.parametrize("place", [0, -1])
def test_a_flipped_byte_is_reported_and_never_served_whole(
    blobs: Blobs, damage: Damage, tmp_path: Path, size: int, place: int
) -> None:
    digest = blobs.put_bytes(b"x" * size).digest
    os.utime(blobs.path(digest), (time.time() - 60,) * 2)  # old: its check is remembered
    blobs.verify(digest)
    damage(digest, place)
    arrived: list[bytes] = []
    with blobs.open(digest) as file, pytest.raises(Damaged, match=digest):
        arrived.extend(iter(lambda: file.read(1000), b""))
    assert len(b"".join(arrived)) < size
    with pytest.raises(Damaged):
        blobs.verify(digest)
    with pytest.raises(Damaged):
        blobs.open_seekable(digest)
    with pytest.raises(Damaged):
        blobs.stage(digest, tmp_path / "staged")
    assert not (tmp_path / "staged").exists()


def test_a_truncated_blob_is_damaged_and_healed_by_the_same_bytes(blobs: Blobs) -> None:
    digest = blobs.put_bytes(b"whole").digest
    blobs.path(digest).chmod(0o644)
    blobs.path(digest).write_bytes(b"who")
    with pytest.raises(Damaged):
        blobs.open(digest).read()
    blobs.put_bytes(b"whole")
    assert blobs.open(digest).read() == b"whole"


def test_present_bytes_are_not_written_again(blobs: Blobs, source: Path) -> None:
    known = source.read_bytes()
    digest = blobs.put_bytes(known).digest
    before = blobs.path(digest).stat().st_ino
    assert blobs.put_bytes(known).digest == blobs.put_file(source).digest == digest
    assert blobs.path(digest).stat().st_ino == before
    blobs.path(digest).chmod(0o644)
    blobs.path(digest).write_bytes(b"?" * len(known))
    assert blobs.put_file(source).digest == digest
    assert blobs.open(digest).read() == known


def test_an_uncommitted_writer_leaves_no_file(blobs: Blobs) -> None:
    with pytest.raises(ConnectionError), blobs.writer() as writer:
        writer.write(b"half")
        raise ConnectionError
    assert not list(blobs.temp.iterdir())
    assert not list(blobs.stored())


def test_sweep_removes_leftovers_and_keeps_what_is_being_written(blobs: Blobs) -> None:
    (blobs.temp / "left").write_bytes(b"of a crash")
    (blobs.temp / "new").touch()  # may be about to be locked
    with blobs.writer() as writer:
        writer.write(b"alive")
        assert blobs.sweep() == 1
        assert blobs.sweep(0) == 1
        blob = writer.commit()
    assert blobs.open(blob.digest).read() == b"alive"


def test_a_full_disk_is_reported_with_the_needed_bytes(tmp_path: Path, source: Path) -> None:
    """The message also names the reserve, if there is some space."""
    full = Blobs(tmp_path / "full", reserve_bytes=1 << 60)
    for attempt in (lambda: full.put_file(source), lambda: full.put_bytes(b"abc")):
        kept = r"the 1,099,511,627,776\.0 MiB that nbyard keeps free; [\d,.]+ MiB are free"
        with pytest.raises(Unavailable, match=rf"needs [\d,]+ bytes .* {kept}"):
            attempt()
    assert not list(full.temp.iterdir())


def test_more_than_an_empty_disk_holds_is_refused(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for free space would never end."""
    monkeypatch.setattr("shutil.disk_usage", lambda _: (100, 0, 100))
    with pytest.raises(TooLarge, match="needs 101 bytes"):
        blobs.ensure_room(101)
    monkeypatch.setattr("shutil.disk_usage", lambda _: (1 << 60, 1 << 60, 0))
    with pytest.raises(Unavailable):
        blobs.ensure_room(101)


def test_a_disk_may_become_full_while_writing(
    blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(Unavailable, match="disk full"):
        blobs.put_bytes(b"abc")
    monkeypatch.undo()
    assert not list(blobs.temp.iterdir())
    assert blobs.put_bytes(b"abc")


def test_missing_and_invalid_digests_are_refused(blobs: Blobs, tmp_path: Path) -> None:
    unknown = "sha256:" + "0" * 64
    assert not blobs.exists(unknown)
    for call in (blobs.open, blobs.verify, blobs.open_seekable):
        with pytest.raises(NotFound):
            call(unknown)
    with pytest.raises(NotFound):
        blobs.stage(unknown, tmp_path / "x")
    for digest in ("", "sha256:../../etc/passwd", "md5:00", "sha256:" + "0" * 64 + "\n"):
        with pytest.raises(Invalid):
            blobs.path(digest)
    with pytest.raises(Invalid):
        blobs.open("tree:" + "0" * 64)
    with pytest.raises(Invalid):
        blobs.tree(unknown)


def test_a_deleted_blob_is_missing(blobs: Blobs) -> None:
    digest = blobs.put_bytes(b"x").digest
    blobs.delete(digest)
    blobs.delete(digest)
    assert not blobs.exists(digest)


def test_many_writers_store_the_same_bytes_once(blobs: Blobs) -> None:
    with ThreadPoolExecutor(8) as pool:
        (digest,) = {one.digest for one in pool.map(blobs.put_bytes, [b"same" * 50] * 8)}
    assert [one.digest for one in blobs.stored()] == [digest]
    blobs.verify(digest)


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize("user", [0, 1000])
def test_a_staged_file_cannot_harm_the_blob(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writable: bool, user: int
) -> None:
    digest = blobs.put_bytes(b"precious").digest
    monkeypatch.setattr(os, "geteuid", lambda: user)
    target = tmp_path / "data.csv"
    blobs.stage(digest, target, writable=writable)
    assert target.read_bytes() == b"precious"
    assert target.stat().st_mode & 0o777 == (0o644 if writable else 0o444)
    linked = target.stat().st_ino == blobs.path(digest).stat().st_ino
    assert not (linked and (writable or user == 0))
    if not linked:
        target.chmod(0o600)
        target.write_bytes(b"harm")
    blobs.verify(digest)
    assert [path.name for path in tmp_path.iterdir() if path.name != "blobs"] == ["data.csv"]


def test_a_plain_user_reads_through_a_hard_link(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = blobs.put_bytes(b"precious").digest
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(file_operations, "clone_blocks", lambda source, target: False)
    blobs.stage(digest, tmp_path / "a")
    assert (tmp_path / "a").stat().st_ino == blobs.path(digest).stat().st_ino
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(18, "other device")))
    blobs.stage(digest, tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"precious"


def test_staging_never_overwrites(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put_bytes(b"x").digest
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("file", "dangling"):
        with pytest.raises(Conflict, match=name):
            blobs.stage(digest, tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Path]]:
    """What was synced (by its path then) and renamed (to where), in order."""
    done: list[tuple[str, Path]] = []
    fsync, replace, link = os.fsync, os.replace, os.link

    def noted_fsync(fd: int) -> None:
        fsync(fd)
        done.append(("fsync", Path(os.readlink(f"/proc/self/fd/{fd}"))))

    def noted_replace(source: Path, target: Path, *, src_dir_fd: int | None) -> None:
        place = Path() if src_dir_fd is None else Path(os.readlink(f"/proc/self/fd/{src_dir_fd}"))
        done.append(("rename", place / source))
        replace(source, target, src_dir_fd=src_dir_fd)
        done.append(("as", target))

    def noted_link(source: str, target: Path, *, src_dir_fd: int) -> None:
        done.append(("rename", Path(os.readlink(source))))
        link(source, target, src_dir_fd=src_dir_fd)
        done.append(("as", target))

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "link", noted_link)
    monkeypatch.setattr(os, "replace", noted_replace)
    return done


@pytest.mark.parametrize("way", ["stream", "copy", "adopt", "move", "folder"])
def test_a_blob_survives_a_power_cut(
    blobs: Blobs, tmp_path: Path, synced: list[tuple[str, Path]], way: str
) -> None:
    """The file is synced before its name appears, and its folders afterwards, both before the
    digest is returned.
    """
    (tmp_path / "f" / "g").mkdir(parents=True)
    (tmp_path / "f" / "g" / "a").write_bytes(b"abc")
    (tmp_path / "f" / "b").write_bytes(b"def")
    put = {
        "stream": lambda: blobs.put_bytes(b"abc"),
        "copy": lambda: blobs.put_file(tmp_path / "f" / "b"),
        "adopt": lambda: adopted(blobs, tmp_path / "f" / "b"),
        "move": lambda: blobs.put_file(tmp_path / "f" / "b", move=True),
        "folder": lambda: blobs.put_folder(tmp_path / "f"),
    }
    put[way]()
    found = [blobs.path(one.digest) for one in blobs.stored()]
    assert len(found) == (3 if "folder" in way else 1)
    for path in found:
        appeared = synced.index(("as", path))
        (told, source), before = synced[appeared - 1], synced[: appeared - 1]
        assert told == "rename"
        assert ("fsync", source) in before
        assert ("fsync", path.parent.parent) in before
        assert ("fsync", path.parent) in synced[appeared:]


def test_a_present_file_is_not_written_again(
    blobs: Blobs, tmp_path: Path, synced: list[tuple[str, Path]]
) -> None:
    """If another process stored the blob, only the stored file is synced again."""
    path = blobs.path(blobs.put_bytes(b"abc").digest)
    for name in ("again", "elsewhere"):
        (tmp_path / name).write_bytes(b"abc")
    other = Blobs(blobs.root)
    synced.clear()
    assert blobs.path(adopted(blobs, tmp_path / "again")) == path
    assert synced == []
    assert blobs.path(adopted(other, tmp_path / "elsewhere")) == path
    assert synced == [("fsync", path), ("fsync", path.parent)]


def test_folders_are_synced_with_their_parents(
    blobs: Blobs, synced: list[tuple[str, Path]]
) -> None:
    """One sync covers the existing entries, but not later ones."""
    above, names = (
        blobs.root / "sha256",
        [hashlib.sha256(one).hexdigest()[:2] for one in (b"x", b"y")],
    )
    for name in names:
        (above / name).mkdir()
    blobs.put_bytes(b"x")
    assert synced.count(("fsync", above)) == 1
    blobs.put_bytes(b"y")
    assert synced.count(("fsync", above)) == 1
    blobs.put_bytes(b"z")
    assert synced.count(("fsync", above)) == 2


def test_a_folder_that_another_process_made_is_synced_too(
    blobs: Blobs, tmp_path: Path, synced: list[tuple[str, Path]]
) -> None:
    """The process may have been killed before its sync."""
    (blobs.root / "sha256" / hashlib.sha256(b"x").hexdigest()[:2]).mkdir()
    blobs.put_bytes(b"x")
    assert ("fsync", blobs.root / "sha256") in synced
    made = Blobs(tmp_path / "others")
    assert {("fsync", made.root), ("fsync", tmp_path)} <= set(synced)
