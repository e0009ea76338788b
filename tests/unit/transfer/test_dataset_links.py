"""The folder named by a dataset's ID shows its current version, and nothing else changes."""

import glob
import os
import shutil
import stat
import threading
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from nbyard.blobs import Blobs
from nbyard.errors import Conflict, Invalid
from nbyard.transfer.dataset_links import ResourceLinks


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def links(tmp_path: Path, root: Path) -> ResourceLinks:
    return ResourceLinks(tmp_path / "store" / "resources", [root / "resources"])


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "store" / "blobs")


def test_a_dataset_opens_from_the_root_folder(
    links: ResourceLinks, blobs: Blobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = blobs.put_bytes(b"a,b\n1,2\n").digest
    links.link("d1", "x.csv", partial(blobs.stage, first))
    monkeypatch.chdir(root)
    (found,) = glob.glob("resources/d1/*.csv")
    assert pd.read_csv(found).to_dict("list") == {"a": [1], "b": [2]}
    second = blobs.put_bytes(b"a,b\n3,4\n5,6\n").digest
    links.link("d1", "y.csv", partial(blobs.stage, second))
    (found,) = glob.glob("resources/d1/*.csv")
    assert found == "resources/d1/y.csv"
    assert len(pd.read_csv(found)) == 2
    links.link("d1", "z.csv", partial(blobs.stage, second))
    assert len(list((links.root / ".versions" / "d1").iterdir())) == 2


@pytest.mark.leaves_running  # dask's pool of threads
def test_dask_reads_it(
    links: ResourceLinks, blobs: Blobs, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataframe = pytest.importorskip("dask.dataframe")
    links.link("d1", "x.csv", partial(blobs.stage, blobs.put_bytes(b"a\n1\n2\n").digest))
    monkeypatch.chdir(root)
    assert dataframe.read_csv("resources/d1/*.csv").a.sum().compute() == 3


def test_a_folder_dataset_shows_its_files(links: ResourceLinks, blobs: Blobs, root: Path) -> None:
    source = root / "source"
    (source / "sub").mkdir(parents=True)
    (source / "a.csv").write_text("a\n")
    (source / "sub" / "b.csv").write_text("b\n")
    links.link("d1", "", partial(blobs.stage, blobs.put_folder(source).digest))
    assert (root / "resources/d1/a.csv").read_text() == "a\n"
    assert (root / "resources/d1/sub/b.csv").read_text() == "b\n"


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dangling link"])
def test_files_of_others_are_never_changed(
    links: ResourceLinks, blobs: Blobs, root: Path, kind: str
) -> None:
    place = root / "resources" / "d1"
    place.parent.mkdir()
    if kind == "file":
        place.write_text("mine")
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(root if kind == "link" else "nowhere")
    before = _unread(place)
    put = partial(blobs.stage, blobs.put_bytes(b"x").digest)
    with pytest.raises(Conflict, match=r"resources/d1 already exists"):
        links.link("d1", "x.csv", put)
    assert links.path("d1").joinpath("x.csv").read_text() == "x"
    links.unlink("d1")
    assert _unread(place) == before


def _unread(place: Path) -> tuple[float, ...]:
    """What of it a look at it leaves as it is: all but the time of the last access."""
    found = tuple(os.lstat(place))
    return found[: stat.ST_ATIME] + found[stat.ST_MTIME :]


def test_a_file_called_like_the_link_folder(links: ResourceLinks, root: Path) -> None:
    (root / "resources").write_text("mine")
    with pytest.raises(Conflict, match="home/resources"):
        links.link("d1", "x.csv", lambda place: place.write_text("x"))
    assert (root / "resources").read_text() == "mine"


def test_a_missing_root_is_not_created(tmp_path: Path) -> None:
    links = ResourceLinks(tmp_path / "store", [tmp_path / "gone" / "resources"])
    with pytest.raises(Conflict, match="linked: No such file"):
        links.link("d1", "x.csv", lambda place: place.write_text("x"))
    assert not (tmp_path / "gone").exists()


def test_folders_below_the_base_are_created(tmp_path: Path, root: Path) -> None:
    for base in (root, tmp_path / "gone"):
        folder = base / "nephos-core" / "resources"
        links = ResourceLinks(tmp_path / "store", [folder], base=base)
        if base == root:
            links.link("d1", "x.csv", lambda place: place.write_text("x"))
            assert (folder / "d1" / "x.csv").read_text() == "x"
        else:
            with pytest.raises(Conflict):
                links.link_everywhere("d1")
            assert not base.exists(), "the root itself is not made"


def test_several_link_folders_and_unlink(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    links = ResourceLinks(tmp_path / "store", folders)
    links.link("d1", "x.csv", lambda place: place.write_text("x"))
    links.link("d2", "x.csv", lambda place: place.write_text("y"))
    links.link_everywhere("d1")
    links.unlink("d1")
    links.unlink("d1")
    for folder in (*folders, tmp_path / "store"):
        assert not os.path.lexists(folder / "d1")
        assert (folder / "d2" / "x.csv").read_text() == "y"


def test_a_link_of_another_process_is_removed_too(links: ResourceLinks, root: Path) -> None:
    """A shell deletes what a server linked; the dispatcher knows no link folders either."""
    links.link("d1", "x.csv", lambda place: place.write_text("x"))
    links.link("d2", "x.csv", lambda place: place.write_text("y"))
    ResourceLinks(links.root).unlink("d1")
    assert sorted(os.listdir(root / "resources")) == [".gitignore", "d2"]
    shutil.rmtree(root / "resources")
    ResourceLinks(links.root).unlink("d2")


def test_dangling_links_are_deleted(links: ResourceLinks, root: Path) -> None:
    links.link("d1", "x.csv", lambda place: place.write_text("x"))
    folder = root / "resources"
    (folder / "gone").symlink_to(links.root / "gone")
    (folder / "mine").symlink_to("nowhere")
    (folder / "file").write_text("mine")
    ResourceLinks(links.root).sweep()
    assert sorted(os.listdir(folder)) == [".gitignore", "d1", "file", "mine"]


def test_a_failed_version_changes_no_link(links: ResourceLinks, root: Path) -> None:
    links.link("d1", "x.csv", lambda place: place.write_text("first"))

    def broken(place: Path) -> None:
        place.write_text("half")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        links.link("d1", "x.csv", broken)
    with pytest.raises(Invalid, match="filename"):
        links.link("d1", "../up.csv", lambda place: place.write_text("x"))
    assert (root / "resources/d1/x.csv").read_text() == "first"
    assert len(list((links.root / ".versions" / "d1").iterdir())) == 1


def test_switching_versions_is_atomic(links: ResourceLinks) -> None:
    links.link("d1", "x", lambda place: place.write_text("0"))
    end = threading.Event()
    looked = threading.Condition()
    seen: list[list[str]] = []

    def write() -> None:
        for count in range(1, 60):
            links.link("d1", "x", partial(Path.write_text, data=f"{count}"))
            # Nobody is expected to sleep through two versions while opening a folder.
            with looked:
                enough = len(seen) + 2
                looked.wait_for(lambda enough=enough: len(seen) >= enough)  # type: ignore[misc]
        end.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not end.is_set():
        names = os.listdir(links.path("d1"))
        with looked:
            seen.append(names)
            looked.notify()
    writer.join()
    assert all(names == ["x"] for names in seen)
    assert (links.path("d1") / "x").read_text() == "59"


@pytest.mark.parametrize(
    "dataset_id", ["", "..", "../x", "a/b", ".versions", "-x", "a" * 200, "a\n"]
)
def test_ids_are_checked(links: ResourceLinks, dataset_id: str) -> None:
    for call in (links.path, links.unlink, links.link_everywhere):
        with pytest.raises(Invalid):
            call(dataset_id)


def test_other_files_in_our_folder_are_kept(links: ResourceLinks) -> None:
    links.path("d1").mkdir()
    with pytest.raises(Conflict, match="not created by nbyard"):
        links.link("d1", "x", lambda place: place.write_text("x"))


def test_the_link_folder_is_created_with_the_first_link_ignored_by_git_and_removed_with_the_last(
    links: ResourceLinks, blobs: Blobs, root: Path
) -> None:
    folder = root / "resources"
    assert not folder.exists()
    put = partial(blobs.stage, blobs.put_bytes(b"a\n1\n").digest)
    for name in ("d1", "d2"):
        links.link(name, "x.csv", put)
    assert (folder / ".gitignore").read_text() == "*\n"
    links.unlink("d1")
    assert sorted(os.listdir(folder)) == [".gitignore", "d2"]
    links.unlink("d2")
    assert not folder.exists()


@pytest.mark.parametrize("name", ["notes.txt", ".gitignore"])
def test_a_link_folder_of_the_user_is_unchanged(
    links: ResourceLinks, blobs: Blobs, root: Path, name: str
) -> None:
    folder = root / "resources"
    folder.mkdir()
    (folder / name).write_text("mine")
    links.link("d1", "x.csv", partial(blobs.stage, blobs.put_bytes(b"a\n1\n").digest))
    assert sorted(os.listdir(folder)) == sorted([name, "d1"])
    links.unlink("d1")
    assert os.listdir(folder) == [name] and (folder / name).read_text() == "mine"
