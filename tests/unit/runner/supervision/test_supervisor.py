"""R7: how soon work ends. Work that ignores it: conformance_runtimes.py, test_runs.py."""

from nbyard.runner.supervision.supervisor import DRAIN_SECONDS, GRACE_SECONDS, TICK_SECONDS


def test_work_is_asked_at_once_killed_after_3_s_and_gone_before_5() -> None:
    assert TICK_SECONDS <= 0.5, "a request to cancel is seen soon"
    assert GRACE_SECONDS == 3.0
    assert TICK_SECONDS + GRACE_SECONDS + DRAIN_SECONDS < 5.0
