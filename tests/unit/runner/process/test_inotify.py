"""Events of files and folders, as the kernel sends them."""

import os
from pathlib import Path

import pytest

from nbyard.runner.process.inotify import CREATE, MODIFY, OPEN, Inotify


def test_events_keep_their_order(tmp_path: Path) -> None:
    events = Inotify()
    try:
        number = events.add(str(tmp_path), CREATE | MODIFY | OPEN)
        assert events.add(f"{tmp_path}/.", CREATE | MODIFY | OPEN) == number
        (tmp_path / "a").write_text("x")
        (tmp_path / os.fsdecode(b"\xe9")).touch()
        names = [(at, mask, name) for at, mask, name in events.read()]
        told = [(number, mask, b"a") for mask in (CREATE, OPEN, MODIFY)]
        assert names == told + [(number, mask, b"\xe9") for mask in (CREATE, OPEN)]
        assert not list(events.read())
        with pytest.raises(FileNotFoundError):
            events.add(str(tmp_path / "none"), CREATE)
    finally:
        events.close()
    assert not list(events.read())
