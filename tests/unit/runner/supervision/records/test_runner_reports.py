"""Messages of the runner arrive whole, masked, and in their order."""

import json

import pytest

from nbyard.runner.secret_masking import Masks
from nbyard.runner.supervision.records import runner_reports
from nbyard.runner.supervision.records.runner_reports import Reports

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
    monkeypatch.setattr(runner_reports, "MAX_REPORT_BYTES", 100)
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
