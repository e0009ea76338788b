"""Moments and reasons come back from any database as they were stored."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.dialects import sqlite

from nbyard.reasons.structs import Reason, because, text_reason
from nbyard.store import Store
from nbyard.store.schema.sql_column_types import Because, Moment, ShortReason
from nbyard.store.schema.tables import leases

times = st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(times)
def test_a_moment_is_kept_to_the_microsecond(when):
    kind, dialect = Moment(), sqlite.dialect()
    kept = kind.process_bind_param(when, dialect)
    assert kind.process_result_value(kept, dialect) == when


@given(times, times)
def test_moments_are_kept_in_their_order(one, other):
    kind, dialect = Moment(), sqlite.dialect()
    first, second = (kind.process_bind_param(when, dialect) for when in (one, other))
    assert first is not None and second is not None
    assert (first < second) == (one < other)


def test_moments_come_back_in_utc_from_the_database(store: Store) -> None:
    when = datetime(2026, 3, 29, 2, 30, 0, 123457, timezone(timedelta(hours=5, minutes=45)))
    with store.write() as c:
        row = {"name": "x", "holder": "h", "epoch": 1, "until": when, "seconds": 30.0}
        c.execute(insert(leases), [row])
        found = c.execute(select(leases.c.until)).scalar_one()
        assert c.execute(select(leases.c.name).where(leases.c.until == when)).scalar() == "x"
    assert (found, found.utcoffset()) == (when, timedelta(0))


@pytest.mark.parametrize(
    "reason",
    [
        None,
        because("runs", cause=because("unchanged", run=7)),
        text_reason("a “quote”, a line\nbreak and \x00"),
    ],
)
def test_a_reason_is_stored_as_json(reason: Reason | None) -> None:
    kind, dialect = Because(), sqlite.dialect()
    stored = kind.process_bind_param(reason, dialect)
    assert "\x00" not in stored, "PostgreSQL refuses it"
    assert kind.process_result_value(stored, dialect) == reason
    assert kind.process_result_value("", dialect) is None


def test_a_lone_surrogate_is_replaced() -> None:
    """A file name may be any bytes; a reason that names it must not stop the dispatcher."""
    kind, dialect = Because(), sqlite.dialect()
    stored = kind.process_bind_param(because("file-added", name="caf\udce9.csv"), dialect)
    assert kind.process_result_value(stored, dialect) == because("file-added", name="caf?.csv")


def test_the_origin_of_a_revision_fits_its_column() -> None:
    kind, dialect = ShortReason(80), sqlite.dialect()
    origin = because("deployment-rolled-back", revision=10**12)
    stored = kind.process_bind_param(origin, dialect)
    assert len(stored) <= 80
    assert kind.process_result_value(stored, dialect) == origin
