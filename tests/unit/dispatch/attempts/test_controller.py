"""Attempts: how they end, and when a task gets another one."""

import pytest


def test_the_times_of_an_attempt_are_kept(bench, runtime):
    """The times of preparation, start, end and publication, whatever the outcome."""
    run = bench.start()
    attempt = bench.task(run).attempts[0]
    assert attempt.prepared_at is not None and attempt.published_at is None
    runtime.end(bench.attempt(run), working_at=1.5)
    bench.until_run(run, "succeeded")
    attempt = bench.task(run).attempts[0]
    assert attempt.working_at is not None and attempt.working_at.timestamp() == 1.5
    assert attempt.published_at is not None and attempt.prepared_at is not None
    assert attempt.created_at <= attempt.prepared_at <= attempt.published_at


def test_a_finished_folder_is_reduced_to_its_record(bench):
    """Code, inputs and outputs are removed, and the record stays."""
    run = bench.start()
    folder = bench.folder(bench.attempt(run))
    assert (folder / "code" / "work.py").exists()
    bench.finish(run)
    left = {path.name for path in folder.iterdir()}
    assert left >= {"result.json", "task.json"} and not left & {"code", "inputs", "outputs"}


def test_a_lost_task_has_three_attempts(bench, runtime):
    """Each attempt is kept with its reason."""
    run = bench.submit({"a": [], "b": ["a"]})
    for number in range(1, 4):
        before = ["lost"] * (number - 1)
        bench.until_attempts(run, [*before, "running"])
        runtime.lose(bench.attempt(run))
    bench.until_run(run, "failed")
    task = bench.task(run)
    assert bench.states(run) == ["lost"] * 3
    assert task.failure is not None and task.failure.kind == "lost"
    assert "(lost 3 times)" in task.failure.message
    assert bench.task(run, "b").state == "skipped"


def test_a_second_attempt_can_succeed(bench, runtime):
    run = bench.start()
    runtime.lose(bench.attempt(run))
    bench.until_attempts(run, ["lost", "running"])
    assert "attempt 1 was lost" in bench.task(run).why
    bench.finish(run)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": "succeeded"}'])
def test_a_result_that_cannot_be_read_is_lost(bench, content):
    run = bench.start()
    (bench.folder(bench.attempt(run)) / "result.json").write_text(content)
    bench.until(lambda: bench.states(run)[0] == "lost")


def test_a_missing_runtime_fails_the_attempt(bench):
    run = bench.submit(runtime="moon")
    bench.until_run(run, "failed")
    assert "moon" in bench.task(run).why


def test_an_internal_error_ends_the_attempt(bench, runtime, monkeypatch):
    monkeypatch.setattr("nbyard.dispatch.threads.PATIENCE_SECONDS", 0.0)
    runtime.refusal = ZeroDivisionError("oops")
    run = bench.submit()
    bench.until_run(run, "failed")
    assert "unexpected: ZeroDivisionError: oops" in bench.task(run).why


def test_a_folder_that_was_removed_is_lost(bench, runtime):
    run = bench.start()
    attempt = bench.attempt(run)
    for path in sorted(bench.folder(attempt).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    bench.folder(attempt).rmdir()
    runtime.lose(attempt)
    bench.until_attempts(run, ["lost", "running"])


def test_a_failure_is_retried_on_request(bench):
    """Each attempt keeps its record. The task has the last failure."""
    run = bench.submit({"a": [], "b": ["a"]}, retries=2)
    for number in (1, 2, 3):
        bench.until(lambda number=number: len(bench.task(run).attempts) == number)
        bench.until_task(run, "running")
        bench.fail(run, f"no {number}")
        bench.until(lambda: bench.task(run).state != "running")
        if number < 3:
            assert f"attempt {number} failed: no {number}" in bench.task(run).why
            assert bench.task(run, "b").state == "waiting"
    bench.until_run(run, "failed")
    task = bench.task(run)
    assert [(a.state, a.why) for a in task.attempts] == [("failed", f"no {n}") for n in (1, 2, 3)]
    assert task.failure is not None and task.failure.message == "no 3"
    assert bench.task(run, "b").state == "skipped"


LOSS, FAIL = "lost", "failed"


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param([LOSS, FAIL, LOSS, FAIL], id="the last failure is one too many"),
        pytest.param([FAIL, LOSS, LOSS, LOSS], id="the last loss is one too many"),
    ],
)
@pytest.mark.parametrize("is_replaced", [False, True])
def test_lost_attempts_are_counted_separately(bench, runtime, ends, is_replaced):
    """A later dispatcher counts them as well."""
    run = bench.submit(retries=1)
    for number, end in enumerate(ends):
        bench.until_attempts(run, [*ends[:number], "running"])
        if is_replaced:
            bench.replace_dispatcher()
        if end == LOSS:
            runtime.lose(bench.attempt(run))
        else:
            bench.fail(run, "no")
    bench.until_run(run, "failed")
    assert bench.states(run) == ends
    words = "no" if ends[-1] == FAIL else "killed by the test (lost 3 times)"
    assert bench.task(run).why == words


def test_a_later_successful_attempt_counts(bench):
    run = bench.start(retries=1, retry_on=("timeout",))
    bench.fail(run, "slow", kind="timeout")
    bench.until(lambda: len(bench.task(run).attempts) == 2)
    assert "attempt 1 failed: slow" in bench.task(run).why
    bench.until_task(run, "running")
    bench.finish(run)


def test_other_kinds_of_failure_are_final(bench):
    run = bench.start(retries=3, retry_on=("timeout",))
    bench.fail(run, "wrong")
    bench.until_run(run, "failed")
    assert len(bench.task(run).attempts) == 1


def test_a_cancelled_run_is_not_tried_again(bench, runtime):
    run = bench.start(retries=3)
    runtime.obeys = False
    bench.cancel(run)
    bench.fail(run, "wrong")
    bench.until(lambda: bench.run(run).state in ("cancelled", "failed"))
    assert len(bench.task(run).attempts) == 1
