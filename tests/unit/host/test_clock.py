"""The clock of this machine."""

from datetime import UTC, datetime, timedelta

from nbyard.host import clock


def test_the_clock_is_in_utc():
    assert clock.now().tzinfo is UTC
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(minutes=1)
