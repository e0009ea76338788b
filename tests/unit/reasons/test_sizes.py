"""Sizes with a unit."""

import pytest

from nbyard.reasons.sizes import format_bytes
from nbyard.runner.supervision import work_log

SIZES = [
    (0, "0 B"),
    (999, "999 B"),
    (1000, "1.0 kB"),
    (1150, "1.2 kB"),  # a tie is rounded up, as the browser does
    (1_149_999, "1.1 MB"),
    (999_949, "999.9 kB"),
    (999_950, "1.0 MB"),
    (632_300_000, "632.3 MB"),
    (7 * 10**15, "7000.0 TB"),
]


@pytest.mark.parametrize(("count", "text"), SIZES)
def test_a_size_has_the_largest_unit_that_fits(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(("count", "text"), SIZES)
def test_the_runner_writes_the_same(count: int, text: str) -> None:
    line = work_log.gap_line(1, count, work_log.log_limit()).decode()
    assert f"lines missing here: 1 ({text}): " in line
