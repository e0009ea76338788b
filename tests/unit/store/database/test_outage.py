"""A database that is away: one line at first, fewer and fewer, one when it is back."""

import logging
import socket
import time
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from nbyard.errors import DatabaseAway, NbyardError
from nbyard.store import Store
from nbyard.store.database.database_connection import CUT, Database, Outage


def test_reports_become_rarer_and_stop_with_the_outage(
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
    assert all(words.endswith(": connection refused") for words in caplog.messages[:2])
    assert " for " not in caplog.messages[0] and " for 10 s: " in caplog.messages[1]
    known.end()
    known.end()
    assert caplog.messages[-1].endswith("again after 3600 s")
    known.note("away")
    assert caplog.messages[-1].endswith("not respond: away")


def test_a_down_server_is_reported_in_plain_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the driver's message once."""
    caplog.set_level(logging.WARNING, "nbyard")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://ada@127.0.0.1:{probe.getsockname()[1]}/facts"
        database = Database(url, tmp_path, lambda: None)
        for _ in range(3):
            with pytest.raises(DatabaseAway) as refused, database.read():
                pass
        assert refused.value.message == str(CUT)
        assert refused.value.code == "unavailable"
    (line,) = caplog.messages
    assert "refused" in line
    database.close()


@pytest.mark.parametrize(
    ("state", "broken", "is_away"),
    [
        ("08006", False, True),  # the connection failed
        ("57P01", False, True),  # ended by the administrator
        ("57P03", False, True),  # starts
        ("53300", False, True),  # too many connections
        ("40P01", True, True),
        ("", False, True),  # noticed by the driver
        ("40P01", False, False),  # deadlock
        ("53200", False, False),  # out of memory
        ("54000", False, False),  # a limit of the program
        ("57014", False, False),  # query cancelled
    ],
)
def test_only_lost_connections_count_as_an_outage(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    state: str,
    broken: bool,
    is_away: bool,
) -> None:
    database = Database("postgresql+psycopg://ada@127.0.0.1:1/facts", tmp_path, lambda: None)
    kind = psycopg.errors.lookup(state) if state else psycopg.OperationalError
    error = OperationalError("", None, kind("words of the server"), connection_invalidated=broken)
    monkeypatch.setattr(database, "reader", Mock(connect=Mock(side_effect=error)))
    with pytest.raises(NbyardError) as refused, database.read():
        pass
    assert isinstance(refused.value, DatabaseAway) is is_away
    assert ("words of the server" in refused.value.message) is not is_away
    assert len(caplog.messages) == is_away
    database.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("set local statement_timeout = '100ms'; select pg_sleep(9)", "statement timeout"),
        (
            "create table much (path text unique);"
            " insert into much select string_agg(sha256(n::text::bytea)::text, '')"
            " from generate_series(1, 99) n",
            "index row size",
        ),
    ],
)
def test_a_server_that_refuses_a_query_is_quoted(
    tmp_path: Path, database_url: str, query: str, words: str
) -> None:
    with closing(Store(tmp_path, database_url)) as store:
        with pytest.raises(NbyardError, match=words) as refused, store.write() as c:
            c.execute(text(query))
        assert refused.value.status == 500
