"""A full disk, and one without free inodes.

Nothing is damaged, existing data can be read and deleted, and work continues when space is free
again."""

import contextlib
import itertools
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.errors import NbyardError
from nbyard.services.registry import Services

from .flows import GRAPHS, WAIT
from .place import Place, Zygote, until

SIZE = "size=96m,nr_inodes=4000,mode=700"
MIB = 2**20


class SmallDisk:
    """A file system of its own that other programs can fill."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._ballast = folder / "ballast"

    def free_bytes(self) -> int:
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, but_bytes: int = 0) -> None:
        with self._ballast.open("ab", buffering=0) as file:
            while (left := self.free_bytes() - but_bytes) > 0:
                file.write(b"\0" * min(left, MIB))

    def fill_inodes(self) -> None:
        self._ballast.mkdir()
        with contextlib.suppress(OSError):
            for number in itertools.count():
                (self._ballast / str(number)).touch()

    def make_room(self) -> None:
        if self._ballast.is_dir():
            for path in self._ballast.iterdir():
                path.unlink()
            self._ballast.rmdir()
        self._ballast.unlink(missing_ok=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", SIZE, "small", str(folder)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield SmallDisk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def place(disk: SmallDisk, tmp_path: Path, zygote: Zygote, bystander: object) -> Iterator[Place]:
    made = Place(tmp_path, "", zygote, store=disk.folder / "store")
    yield made
    disk.make_room()
    made.close()


def refusal(place: Place, path: str) -> str:
    with pytest.raises(NbyardError) as refused:
        place.submit(path, force=True)
    return f"{refused.value.message} ({refused.value.status})"


def check_readable(place: Place, run: str) -> None:
    runs: Services = place.yard.services
    assert [one.id for one in runs.runs.list(place.caller).items]
    assert runs.runs.get(place.caller, run).run.id == run
    assert runs.runs.log(place.caller, run, "a").done


def check_sound(place: Place) -> None:
    with sqlite3.connect(place.store / "store.sqlite") as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


@pytest.mark.parametrize("left", [pytest.param(32 * MIB, id="reserve"), pytest.param(0, id="full")])
def test_run_survives_a_full_disk(place: Place, disk: SmallDisk, left: int) -> None:
    """The run ends by itself afterwards."""
    path = place.flow(GRAPHS["chain"], WAIT)
    place.gate.touch()
    old, other = place.submit(path), place.submit(path)
    process = place.dispatcher()
    until(place.all_ended, f"the first runs\n{place.told()}")
    place.gate.unlink()
    run = place.submit(path, force=True)
    until(lambda: place.has_begun("b", run), "the second node")
    disk.fill(left)
    assert refusal(place, path).startswith("disk full")
    check_readable(place, old)
    place.gate.touch()
    until(lambda: "disk full" in place.told() or place.all_ended(), "the words")
    place.yard.services.runs.delete(place.caller, old)
    del place.acknowledged[key_of(place, old)]
    check_readable(place, other)
    disk.make_room()
    until(place.all_ended, f"the end of the run\n{place.told()}")
    after = place.submit(path, force=True)
    until(place.all_ended, "the end of another run")
    assert place.states()[after] == "succeeded"
    assert process.is_running(), "nothing had to be started again"
    place.settle()
    failed = [row["reason"] for row in place.checker.rows().tasks if row["state"] == "failed"]
    # the node fails, or goes on because there was room again before it had to write
    assert all("disk-full" in reason for reason in failed), failed
    assert failed or "disk full" in place.told()
    check_sound(place)
    place.check(at_most=1)


def test_deletion_works_on_a_full_disk(place: Place, disk: SmallDisk) -> None:
    """This also holds if no running work could free space."""
    path = place.flow(GRAPHS["chain"])
    runs = [place.submit(path, force=True) for _ in range(3)]
    place.finish()
    disk.fill()
    assert refusal(place, path).startswith("disk full")
    for run in runs[:2]:
        place.yard.services.runs.delete(place.caller, run)
        del place.acknowledged[key_of(place, run)]
    check_readable(place, runs[2])
    disk.make_room()
    after = place.submit(path)
    place.finish()
    assert place.states() == {runs[2]: "succeeded", after: "succeeded"}
    check_sound(place)
    place.check(at_most=1)


def key_of(place: Place, run: str) -> str:
    return next(key for key, made in place.acknowledged.items() if made == run)


def test_run_survives_a_disk_without_inodes(place: Place, disk: SmallDisk) -> None:
    """The message names the lack of inodes."""
    path = place.flow(GRAPHS["chain"])
    old = place.submit(path)
    place.dispatcher()
    until(place.all_ended, "the first run")
    disk.fill_inodes()
    (place.root / "flow.sh").write_text((place.root / "flow.sh").read_text() + "\n# changed\n")
    assert refusal(place, path).startswith("disk full: ")
    check_readable(place, old)
    disk.make_room()
    after = place.submit(path)
    until(place.all_ended, "the end of another run")
    assert place.states()[after] == "succeeded"
    place.settle()
    check_sound(place)
    place.check(at_most=1)
