"""Space that is held to be given back."""

import os
from pathlib import Path

import pytest
from nbyard.runner.supervision.disk_reserve import BYTES, Reserve


def held_bytes(folder: Path) -> int:
    """By files of this process that have lost their name in the folder."""
    found = 0
    for name in os.listdir("/proc/self/fd"):
        place = Path("/proc/self/fd", name)
        if place.is_symlink() and os.readlink(place).startswith(f"{folder}/"):
            found += place.stat().st_blocks * 512
    return found


def test_space_is_reserved_and_released(tmp_path: Path) -> None:
    """One attempt after another uses it."""
    reserve = Reserve()
    assert not reserve.release()
    for _ in range(2):
        for _ in range(2):
            reserve.hold(str(tmp_path))
            assert os.listdir(tmp_path) == [] and held_bytes(tmp_path) >= BYTES
        assert reserve.release() and not reserve.release()
        assert held_bytes(tmp_path) == 0


def test_space_is_reserved_on_the_used_disk(tmp_path: Path) -> None:
    """The next attempt may be on another disk."""
    other = Path("/dev/shm")
    if not other.is_dir() or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is one disk only")
    reserve = Reserve()
    reserve.hold(str(other))
    reserve.hold(str(tmp_path))
    assert held_bytes(tmp_path) >= BYTES and held_bytes(other) == 0
    assert reserve.release()


def test_without_space_nothing_is_reserved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    reserve = Reserve()
    monkeypatch.setattr(os, "posix_fallocate", full)
    reserve.hold(str(tmp_path))
    reserve.hold(str(tmp_path / "gone"))
    assert held_bytes(tmp_path) == 0 and not reserve.release()
