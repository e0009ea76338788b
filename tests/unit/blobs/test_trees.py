"""Whole folders as blobs: what comes back, what is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nbyard.blobs import Blobs, Tree, TreeEntry
from nbyard.errors import Damaged, Invalid, NotFound, TooLarge


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "bundle"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "sub" / "deep" / "e\u0301.csv").write_text("a\n")
    (root / "sub" / "copy.csv").write_text("a\n")
    return root


def test_a_stored_folder_is_restored(blobs: Blobs, folder: Path, tmp_path: Path) -> None:
    blob = blobs.put_folder(folder)
    assert blob.digest.startswith("tree:")
    assert blob.size_bytes == 14
    assert blobs.put_folder(folder) == blob
    blobs.verify(blob.digest)
    target = tmp_path / "back"
    blobs.stage(blob.digest, target, writable=True)
    found = {str(path.relative_to(target)) for path in target.rglob("*")}
    assert found == {"run.sh", "sub", "sub/deep", "sub/deep/\u00e9.csv", "sub/copy.csv", "empty"}
    assert os.access(target / "run.sh", os.X_OK)
    assert blobs.put_folder(target) == blob


def test_the_digest_depends_on_content_names_and_executable_bit(blobs: Blobs, folder: Path) -> None:
    digests = {blobs.put_folder(folder).digest}
    (folder / "run.sh").chmod(0o644)
    digests.add(blobs.put_folder(folder).digest)
    (folder / "run.sh").rename(folder / "go.sh")
    digests.add(blobs.put_folder(folder).digest)
    (folder / "empty").rmdir()
    digests.add(blobs.put_folder(folder).digest)
    assert len(digests) == 4


@pytest.mark.parametrize("kind", ["link", "folder link", "fifo"])
def test_links_and_special_files_in_a_folder_are_refused(
    blobs: Blobs, folder: Path, kind: str
) -> None:
    odd = folder / "sub" / "odd"
    if kind == "fifo":
        os.mkfifo(odd)
    else:
        odd.symlink_to("/etc" if kind == "folder link" else "/etc/hostname")
    with pytest.raises(Invalid, match="odd"):
        blobs.put_folder(folder)
    blobs.put_folder(folder, keep=lambda path: "odd" not in path)


def test_a_filter_excludes_relative_paths(blobs: Blobs, folder: Path) -> None:
    asked: list[str] = []

    def keep(path: str) -> bool:
        asked.append(path)
        return not path.startswith("sub/")

    tree = blobs.tree(blobs.put_folder(folder, keep=keep).digest)
    assert [entry.path for entry in tree.files] == ["run.sh"]
    assert sorted(asked) == ["empty/", "run.sh", "sub/"]


def test_odd_names_are_refused(blobs: Blobs, folder: Path) -> None:
    (folder / "new\nline").write_text("x")
    with pytest.raises(Invalid, match="characters"):
        blobs.put_folder(folder)


def test_two_spellings_of_one_name_are_refused(blobs: Blobs, folder: Path) -> None:
    (folder / "sub" / "deep" / "\u00e9.csv").write_text("b\n")
    with pytest.raises(Invalid, match="same name"):
        blobs.put_folder(folder)


def test_a_folder_too_deep_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    (deep / "/".join("d" * 70)).mkdir(parents=True)
    with pytest.raises(TooLarge, match="deep"):
        blobs.put_folder(deep)


def test_a_forged_tree_cannot_write_outside(blobs: Blobs, tmp_path: Path) -> None:
    digest = blobs.put_bytes(b"x").digest
    for path in ("../up", "/abs", "a/../../up", "", "."):
        with pytest.raises(Invalid):
            blobs.put_tree(Tree([TreeEntry(path, digest, 1)]))


def test_a_damaged_or_missing_file_of_a_folder_is_reported(
    blobs: Blobs, damage: Callable[..., None], folder: Path, tmp_path: Path
) -> None:
    digest = blobs.put_folder(folder).digest
    member = blobs.tree(digest).files[0].digest
    damage(member)
    with pytest.raises(Damaged):
        blobs.verify(digest)
    with pytest.raises(Damaged):
        blobs.stage(digest, tmp_path / "back")
    blobs.delete(member)
    with pytest.raises(NotFound):
        blobs.verify(digest)
    damage(digest)
    with pytest.raises(Damaged):
        blobs.tree(digest)


def test_names_of_secret_files_are_part_of_a_folder(blobs: Blobs, folder: Path) -> None:
    plain = blobs.put_folder(folder)
    assert blobs.put_folder(folder, left_out=[]) == plain and not blobs.tree(plain.digest).left_out
    noted = blobs.put_folder(folder, left_out={"b.pem", "a.pem"})
    assert noted != plain and blobs.tree(noted.digest).left_out == ["a.pem", "b.pem"]


def test_a_secret_in_a_folder_of_data_is_marked(blobs: Blobs, folder: Path) -> None:
    (folder / "sub" / "tls.pem").write_text("key")
    tree = blobs.tree(blobs.put_folder(folder).digest)
    assert [entry.path for entry in tree.files if entry.declared] == ["sub/tls.pem"]
