"""A database that is away: one line at first, fewer and fewer, one when it is back."""

import logging
import socket
import time
from pathlib import Path

import pytest

from nbyard.errors import DatabaseAway
from nbyard.store.database import CUT, Database
from nbyard.store.outage import Outage


def test_reports_become_rarer_and_end_with_the_outage(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    known = Outage()
    known.end()
    for _ in range(4 * 3600):  # an hour, four times a second
        known.note("connection\n  refused")
        now += 0.25
    assert 8 < len(caplog.messages) < 14
    assert caplog.messages[:2] == [
        "the database does not answer: connection refused",
        "the database does not answer for 10 s: connection refused",
    ]
    known.end()
    known.end()
    assert caplog.messages[-1] == "the database answers again after 3600 s"
    known.note("away")
    assert caplog.messages[-1] == "the database does not answer: away"


def test_a_server_that_is_down_is_told_in_plain_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """F20: the words of the driver stand in the log, once."""
    caplog.set_level(logging.WARNING, "nbyard")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://ada@127.0.0.1:{probe.getsockname()[1]}/facts"
        database = Database(url, tmp_path, lambda: None)
        for _ in range(3):
            with pytest.raises(DatabaseAway) as refused, database.read():
                pass
        assert refused.value.message == CUT
        assert refused.value.code == "unavailable"
    (line,) = caplog.messages
    assert "refused" in line
    database.close()
