"""Folders that tests keep between runs are created once, and removed when nobody uses them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.support import kept_folders, private_engine

ROOT = Path(__file__).parents[3]

DAY = 24 * 3600


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return kept_folders.cache_folder()


def fill(folder: Path) -> None:
    (folder / "file").write_text(folder.name)


def refuse(folder: Path) -> None:
    raise AssertionError(f"{folder} is created again")


def test_a_folder_is_created_once_for_its_sources() -> None:
    first = kept_folders.kept_folder("wheels", "one", fill)
    assert (first / "file").exists()
    assert kept_folders.kept_folder("wheels", "one", refuse) == first
    assert kept_folders.kept_folder("wheels", "two", fill) != first


def test_a_folder_whose_creation_failed_is_created_again() -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError("no network")

    with pytest.raises(RuntimeError):
        kept_folders.kept_folder("wheels", "one", fail)
    found = kept_folders.kept_folder("wheels", "one", fill)
    assert [path.name for path in found.iterdir()] == ["file"]


def test_only_folders_unused_for_a_day_are_removed(cache: Path) -> None:
    code = "import sys; from tests.support.kept_folders import kept_folder; "
    code += "kept_folder('wheels', sys.argv[1], lambda folder: None); "
    code += "print(flush=True); sys.stdin.read()"
    words = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-c", code]
    for name in ("unused", "recent"):
        subprocess.run([*words, name], input=b"", stdout=subprocess.DEVNULL, check=True)
    with subprocess.Popen(
        [*words, "held"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None and holder.stdin is not None
        holder.stdout.readline()
        folders = {
            name: cache / f"wheels-{kept_folders.digest_of(name)}" for name in ("unused", "held")
        }
        for folder in folders.values():
            long_ago = time.time() - DAY - 60
            os.utime(folder.with_name(f"{folder.name}.whole"), (long_ago, long_ago))
        new = kept_folders.kept_folder("wheels", "new", fill)
        recent = cache / f"wheels-{kept_folders.digest_of('recent')}"
        assert {path for path in cache.iterdir() if path.is_dir()} == {
            *(new, recent, folders["held"])
        }
        holder.stdin.close()


def test_engines_have_unique_numbers() -> None:
    assert [private_engine.free_number() for _ in range(3)] == [1, 2, 3]
