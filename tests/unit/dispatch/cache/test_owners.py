"""No owner gets a result from the cache that another owner has computed."""


def test_equal_work_of_two_owners_is_done_twice(bench, runtime):
    """Each computes once, although code, values and environment are the same."""
    for owner in ("ada", "bob"):
        first = bench.submit(cache=True, owner=owner)
        bench.until_task(first, "running")
        (attempt,) = runtime.running
        runtime.end(attempt, text="made")
        bench.until_run(first, "succeeded")
        second = bench.submit(cache=True, owner=owner)
        bench.until_run(second, "succeeded")
        assert runtime.running == []
    assert len(runtime.starts) == 2
