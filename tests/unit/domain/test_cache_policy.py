"""The text of cache policies, and the age of results."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.cache_policy import UNITS, Policy, is_asked, is_by_reads, read_policy, too_old
from nbyard.reasons.structs import because

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", [None, True, "on", "observed"])
def test_on_is_the_default(given):
    assert read_policy(given) == Policy()
    assert is_asked(given)
    assert is_by_reads(given)


def test_the_whole_bundle_may_count():
    assert is_asked("bundle")
    assert not is_by_reads("bundle")
    assert is_by_reads("24 h")


@pytest.mark.parametrize("given", [False, "off"])
def test_off(given):
    assert read_policy(given) == Policy(is_on=False)
    assert not is_asked(given)


@pytest.mark.parametrize(
    ("given", "age", "words"),
    [
        ("24h", timedelta(days=1), "24 h"),
        (" 90 s ", timedelta(seconds=90), "90 s"),
        ("1.5 min", timedelta(seconds=90), "1.5 min"),
        ("7 d", timedelta(days=7), "7 d"),
    ],
)
def test_an_age(given, age, words):
    assert read_policy(given) == Policy(max_age=age, written_age=words)


@pytest.mark.parametrize(
    "given", ["", "yes", "On", "24", "h", "-1 h", "0 s", "1 week", "1e3 s", "999999999 d", "١ h"]
)
def test_unreadable_policies_are_refused(given):
    assert read_policy(given) is None
    assert not is_asked(given)


@given(st.integers(1, 5000), st.sampled_from(sorted(UNITS)), st.floats(0, 10))
def test_a_result_is_reused_up_to_its_age(count, unit, times):
    """Whatever its unit, an age of N says no exactly after N."""
    made_at = NOW - timedelta(seconds=count * UNITS[unit]) * times
    words = too_old(f"{count} {unit}", 12, made_at, NOW)
    if times > 1.001:
        assert words == because("result-expired", run=12, age=f"{count} {unit}")
    elif times < 0.999:
        assert words is None


@pytest.mark.parametrize("given", [None, True, "on", "off"])
def test_without_an_age_no_result_is_too_old(given):
    assert too_old(given, 1, NOW - timedelta(days=9999), NOW) is None
