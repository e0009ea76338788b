"""A disk that became read-only, as file systems do after a hardware error."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.errors import StoreUnusable
from nbyard.store import Store


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "small", str(folder)]
    if os.geteuid() or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def test_store_on_a_read_only_disk_is_refused_and_opens_later(disk: Path) -> None:
    first = Store(disk / "store")
    first.close()
    remount(disk, "ro")
    with pytest.raises(StoreUnusable) as refused:
        Store(disk / "store")
    assert refused.value.message.endswith("cannot be written.")
    assert "read-only" in refused.value.hint and "NBYARD_STORE_DIR" in refused.value.hint
    remount(disk, "rw")
    again = Store(disk / "store")
    assert again.id == first.id
    again.close()
