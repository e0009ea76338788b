"""What became of a container, in words."""

import msgspec
import pytest

from nbyard.dockerd import Container
from nbyard.domain.attempts.structs import CommandWork, Failure, Output, Result, TaskFile
from nbyard.reasons.structs import Reason, because
from nbyard.runtimes.docker.attempts import container_outcome

TASK = TaskFile(attempt_id="a", token="t", mark="m", work=CommandWork(["x"]), outputs={})


def ending(code: int | None = 0, *, oom: bool = False, lasted: float = 1, **more):
    container = Container("id", "exited", code, oom, 100.0, 100.0 + lasted, {})
    fields = {"container": container, "task": TASK, "memory_bytes": None, "cancelled": None}
    return container_outcome.ContainerEnding(**{**fields, **more})


def outcome_of(tmp_path, *args, **more):
    found = container_outcome.result_of_command(ending(*args, **more), tmp_path)
    if isinstance(found, Reason):
        return "lost", str(found)
    return found.state, found.failure.message if found.failure else ""


BY_ADA = because("text", text="by ada")
TOO_LONG = "ran longer than its limit of 5 s"
DAY = 86_400
LIMITED = msgspec.structs.replace(TASK, timeout_seconds=5.0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("succeeded", "")),
        ({"code": 3}, ("failed", "exit code 3")),
        ({"code": 137}, ("lost", "its container was killed (signal 9)")),
        ({"code": 143}, ("lost", "its container was killed (signal 15)")),
        ({"code": 137, "oom": True}, ("failed", "out of memory")),
        (
            {"code": 137, "oom": True, "memory_bytes": 64 * 2**20},
            ("failed", "out of memory: limit 64 MiB"),
        ),
        ({"code": 0, "oom": True}, ("succeeded", "")),
        ({"code": None}, ("lost", str(because("container-exit-unknown")))),
        ({"code": None, "cancelled": BY_ADA}, ("cancelled", "by ada")),
        ({"code": 137, "cancelled": BY_ADA}, ("cancelled", "by ada")),
        ({"code": 0, "cancelled": BY_ADA}, ("succeeded", "")),
        (
            {"code": 143, "task": LIMITED, "cancelled": container_outcome.too_long(LIMITED)},
            ("failed", TOO_LONG),
        ),
        # of clocks that were set meanwhile
        (
            {
                "code": 137,
                "task": LIMITED,
                "cancelled": container_outcome.too_long(LIMITED),
                "lasted": -DAY,
            },
            ("failed", TOO_LONG),
        ),
        ({"code": 1, "task": LIMITED, "lasted": DAY}, ("failed", "exit code 1")),
        (
            {"code": 137, "task": LIMITED, "lasted": DAY},
            ("lost", "its container was killed (signal 9)"),
        ),
        ({"code": 0, "input_was_cut": True}, ("lost", str(container_outcome.INPUT_CUT))),
    ],
)
def test_an_ended_command_has_its_outcome(tmp_path, given, expected):
    given = dict(given)
    assert outcome_of(tmp_path, given.pop("code", 0), **given) == expected


def test_a_time_limit_is_no_cancellation(tmp_path):
    for why, kind in ((container_outcome.too_long(LIMITED), "timeout"), (BY_ADA, "cancelled")):
        found = container_outcome.result_of_command(
            ending(143, task=LIMITED, cancelled=why), tmp_path
        )
        assert isinstance(found, Result) and found.failure
        assert (found.failure.kind, found.failure.message) == (kind, str(why))


def test_usage_is_summed(tmp_path):
    """The usage is what the engine reports to callers."""
    nothing = container_outcome.result_of_command(ending(), tmp_path)
    assert isinstance(nothing, Result) and nothing.usage == {}
    told = [(1, 0.5, 100), (2, 1.25, 300), (3, 1.5, 0)]
    lines = [f'{{"at": {at}, "cpu": {c}, "memory": {m}, "processes": 1}}' for at, c, m in told]
    (tmp_path / "usage.jsonl").write_text("\n".join([*lines, '{"at": 4, "cp']))
    found = container_outcome.result_of_command(ending(3), tmp_path)
    assert isinstance(found, Result)
    assert found.usage == {"cpu_seconds": 1.5, "max_rss_bytes": 300}


def test_outputs_are_checked(tmp_path):
    wanted = {"o": Output("outputs/o"), "p": Output("outputs/p", required=False)}
    task = msgspec.structs.replace(TASK, outputs=wanted)
    assert "outputs/o" in outcome_of(tmp_path, task=task)[1]
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/o").touch()
    found = container_outcome.result_of_command(ending(task=task), tmp_path)
    assert isinstance(found, Result) and (found.outputs, found.token) == (["o"], "t")


def test_a_runner_without_a_result_is_lost():
    assert container_outcome.result_of_silent_runner(ending(137)) == because(
        "container-killed", signal=9
    )
    said = container_outcome.result_of_silent_runner(ending(2, last_lines="task.json: bad\n"))
    assert said == because("runner-silent-after", exit_code=2, last="task.json: bad")
    found = container_outcome.result_of_silent_runner(ending(137, oom=True))
    assert isinstance(found, Result) and found.failure and found.failure.kind == "memory"


def test_a_kernel_killed_for_memory_is_a_memory_failure():
    died = Result(
        "a",
        "t",
        "failed",
        0,
        1,
        failure=Failure("kernel-died", because("text", text="signal 9"), cell=2),
    )
    container = ending(1, oom=True).container
    better = container_outcome.with_memory_failure(died, container, 2**30)
    assert better.failure == Failure("memory", because("out-of-memory-at", limit="1.0 GiB"), cell=2)
    assert container_outcome.with_memory_failure(died, ending(1).container, None) is died
    error = Result("a", "t", "failed", 0, 1, failure=Failure("error", because("text", text="x")))
    assert container_outcome.with_memory_failure(error, container, None) is error
