"""Events are written, and those who follow are woken, but not for each of them."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.process.clock import Clock
from nbyard.runner.supervision.records import attempt_events
from nbyard.runner.supervision.records.attempt_events import POKE_SECONDS, Progress


class Followed(AttemptFolder):
    """A folder that counts wake-ups."""

    pokes = 0

    def poke(self, wake: str, text: str) -> None:
        assert wake == "socket"
        self.pokes += 1


def test_a_wake_up_is_due_until_the_pause_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr(attempt_events, "time", SimpleNamespace(monotonic=lambda: now))
    folder = Followed(str(tmp_path))
    made = Progress(folder, "socket", Clock())
    made.note()
    assert made.has_news and folder.pokes == 0
    now = POKE_SECONDS * 2
    made.poke()
    assert not made.has_news and folder.pokes == 1
    now *= 2
    made.poke()
    assert folder.pokes == 1, "nothing is new"


def test_without_an_address_no_listener_is_woken(tmp_path: Path) -> None:
    made = Progress(Followed(str(tmp_path)), "", Clock())
    made.write_events({"type": "stage", "stage": "preparing"})
    assert not made.has_news and made.working_at is None
    made.write_events({"type": "stage", "stage": "running"})
    assert made.working_at is not None
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 2
