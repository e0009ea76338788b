"""Events are written, and those who follow are woken, but not for each of them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from nbyard.runner.attempt_folder import AttemptFolder
from nbyard.runner.process.clock import Clock
from nbyard.runner.secret_masking import Masks
from nbyard.runner.supervision import attempt_events
from nbyard.runner.supervision.attempt_events import POKE_SECONDS, Progress, Reports


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


END = {"type": "end", "failure": None, "stays": True}


def line(message: dict) -> bytes:
    return json.dumps(message).encode() + b"\n"


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_messages_are_joined_from_pieces(size: int) -> None:
    told = [{"type": "cell", "index": n} for n in range(3)]
    data = b"".join(map(line, told))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    made = Reports(Masks([]))
    assert [message for piece in pieces for message in made.read(piece)] == told
    assert made.end is None and not made.offers_to_stay


def test_the_end_is_kept_and_may_offer_to_stay() -> None:
    made = Reports(Masks([]))
    assert made.read(line(END)) == [END]
    assert made.end == END and made.offers_to_stay
    made.read(line({"type": "end", "failure": None}))
    assert not made.offers_to_stay


def test_a_message_without_an_end_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt_events, "MAX_REPORT_BYTES", 100)
    made = Reports(Masks([]))
    assert made.read(b"x" * 101) == []
    assert made.read(b"y" * 50) == []
    assert made.read(b"z" * 101) == [] and made.rest == b""
    assert made.read(b"\n" + line(END)) == [END]
    assert made.read(line(END)) == [END]


@pytest.mark.parametrize("text", [b"", b"[]", b"1", b"{", b"{}", b"\xff", b"[" * 100_000])
def test_lines_that_are_no_messages_are_dropped(text: bytes) -> None:
    made = Reports(Masks([]))
    assert made.read(line(END) + text + b"\n" + line(END)) == [END, END]


def test_secrets_are_masked() -> None:
    made = Reports(Masks(["hunter-2-hunter"]))
    (message,) = made.read(line({"type": "note", "text": "it is hunter-2-hunter"}))
    assert "hunter" not in message["text"]
