"""Whether a run of an automation may itself have changed the files that the automation watches."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.file_changes import RunWindow, run_that_made_changes

START = datetime(2026, 11, 26, tzinfo=UTC)
MOMENTS = st.integers(0, 30).map(lambda seconds: START + timedelta(seconds=seconds))
WINDOWS = st.lists(
    st.builds(
        lambda first, length, name: RunWindow(
            name, first, None if length is None else first + timedelta(seconds=length)
        ),
        MOMENTS,
        st.none() | st.integers(0, 10),
        st.text("abc", min_size=1, max_size=3),
    ),
    max_size=4,
)


@given(st.lists(MOMENTS, max_size=4), WINDOWS)
def test_each_change_must_happen_during_a_run(moments, windows):
    found = run_that_made_changes(moments, windows)
    inside = [[one for one in windows if one.contains(moment)] for moment in moments]
    if not moments or not all(inside):
        assert found is None
    else:
        active = [one for found_in in inside for one in found_in]
        assert found is not None and found in active
        assert all(one.started_at <= found.started_at for one in active)


def test_the_ends_of_a_run_belong_to_it():
    done = RunWindow("r", START, START + timedelta(seconds=5), ["t"])
    live = RunWindow("s", START, None)
    for seconds, is_in in ((-1, False), (-0.01, True), (0, True), (5, True), (6, False)):
        moment = START + timedelta(seconds=seconds)
        assert (run_that_made_changes([moment], [done]) is done) is is_in
    assert run_that_made_changes([START + timedelta(days=9)], [live, done]) is live
    assert run_that_made_changes([], [live]) is None
