"""What is counted instead of read from a clock."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.runner.process import clock

seconds = st.floats(0, 1e6)


@given(begin=st.floats(0, 4e9), jump=st.floats(-1e9, 1e9), took=seconds)
def test_a_duration_is_measured_monotonically(begin: float, jump: float, took: float) -> None:
    """The time of day may change."""
    day, count = [begin], [5.0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            clock, "time", SimpleNamespace(time=lambda: day[0], monotonic=lambda: count[0])
        )
        told = clock.Clock()
        started = told.now()
        assert started == pytest.approx(begin, abs=1e-5)
        day[0] += took + jump
        count[0] += took
        assert told.now() - started == pytest.approx(took, abs=1e-5)


def test_silence_is_measured_here_and_restarts_with_each_sign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = [100.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    silence = clock.Stillness()
    assert silence.seconds("one") < 30
    moment[0] += 29
    assert silence.seconds("one") < 30
    moment[0] += 2
    assert silence.seconds("another") < 30
    moment[0] += 30
    assert silence.seconds("another") >= 30
