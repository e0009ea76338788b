"""Determines the outcome of an ended container: a result, or why the attempt is lost."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

import msgspec

from nbyard.dockerd import Container
from nbyard.domain.attempts.metric_series import read_samples
from nbyard.domain.attempts.structs import USAGE, CommandWork, Failure, Result, TaskFile
from nbyard.host.project_files import read_small
from nbyard.reasons.structs import Reason, because
from nbyard.runner.attempt_folder import CODE, AttemptFolder
from nbyard.runner.secret_masking import masks_of
from nbyard.runner.work import work_outcome
from nbyard.runtimes.docker.attempt_container_spec import FOLDER

# The exit codes of programs that SIGINT, SIGKILL or SIGTERM ended, as a shell reports them.
SIGNALS = {130: 2, 137: 9, 143: 15}
INPUT_CUT = because("container-input-cut")

State = Literal["succeeded", "failed", "cancelled"]


class ContainerEnding(msgspec.Struct, frozen=True):
    """What is known about a container that ended and left no result.json."""

    container: Container
    task: TaskFile
    memory_bytes: int | None
    cancelled: Reason | None  # reason of a request to stop
    last_lines: str = ""
    input_was_cut: bool = False
    output_was_cut: bool = False  # the file of an output may lack its end
    is_disk_full: bool = False  # at the end


def has_failed(container: Container, task: TaskFile) -> bool:
    """Return whether an ended container failed, by its exit code."""
    codes = task.work.exit_codes.success if isinstance(task.work, CommandWork) else ()
    return container.exit_code not in (0, *codes)


def out_of_memory(limit_bytes: int | None) -> Failure:
    """Return the failure of work that exceeded its memory limit, or the machine's memory."""
    if not limit_bytes:
        return Failure("memory", because("out-of-memory"))
    limit = work_outcome.words_for_bytes(limit_bytes)
    return Failure("memory", because("out-of-memory-at", limit=limit))


def too_long(task: TaskFile) -> Reason:
    """Return the reason for an attempt that reached its time limit."""
    return because("time-limit", seconds=task.timeout_seconds or 0)


def forced_end(ending: ContainerEnding) -> Failure | Reason | None:
    """Return why a container did not end by itself, None if it did.

    The result is a failure of the work, or the reason why the attempt is lost.
    """
    container = ending.container
    if container.status == "created":
        return because("container-not-started", message=container.error)
    # Work that succeeded before a request to stop reached it is not cancelled.
    if container.exit_code == 0:
        return None
    if container.out_of_memory:
        return out_of_memory(ending.memory_bytes)
    if ending.cancelled is not None:
        is_late = ending.cancelled.code == "time-limit"
        return Failure("timeout" if is_late else "cancelled", ending.cancelled)
    if container.exit_code is None:
        return because("container-exit-unknown")
    signal = SIGNALS.get(container.exit_code)
    return because("container-killed", signal=signal) if signal else None


def result_of_command(ending: ContainerEnding, folder: Path) -> Result | Reason:
    """Return the result of a command, or why the attempt is lost."""
    failure = forced_end(ending)
    if failure is None and ending.input_was_cut:
        failure = INPUT_CUT
    if failure is None and ending.output_was_cut:
        failure = because("container-exit-unknown")
    if isinstance(failure, Reason):
        return failure
    code = ending.container.exit_code or 0
    if failure is None:
        codes = msgspec.to_builtins(ending.task.work).get("exit_codes", {})
        said = work_outcome.failure_of_exit_code(code, ending.last_lines, codes)
        failure = msgspec.convert(said, Failure | None)
    present: list[str] = []
    if failure is None:
        expected = msgspec.to_builtins(ending.task.outputs)
        place, directory = AttemptFolder(str(folder), FOLDER), ending.task.directory or CODE
        present, broken = work_outcome.check_outputs(place, expected, directory, code)
        failure = msgspec.convert(broken, Failure | None)
    outputs = msgspec.to_builtins({name: ending.task.outputs[name] for name in present})
    disclosed = masks_of(str(folder)).disclosed(str(folder), outputs)
    made = result_of(ending, failure, present)
    usage: dict[str, float] = {}
    with suppress(OSError):  # measured only while the dispatcher runs
        if samples := read_samples(read_small(f"{folder}/{USAGE}").splitlines()):
            memory = max(sample.memory for sample in samples)
            usage = {"cpu_seconds": samples[-1].cpu, "max_rss_bytes": memory}
    return msgspec.structs.replace(made, disclosed=disclosed, usage=usage)


def result_of_silent_runner(ending: ContainerEnding) -> Result | Reason:
    """Return the result of a notebook whose runner left no result, or why the attempt is lost."""
    failure = forced_end(ending)
    if isinstance(failure, Failure):
        return result_of(ending, failure)
    if failure is not None:
        return failure
    last, code = ending.last_lines.strip().splitlines(), ending.container.exit_code or 0
    if last:
        return because("runner-silent-after", exit_code=code, last=last[-1])
    return because("runner-silent", exit_code=code)


def may_be_memory(result: Result) -> bool:
    """Return whether lack of memory may have caused the failure in a result."""
    failure = result.failure
    return failure is not None and failure.kind in ("kernel-died", "memory", "exit-code")


def with_memory_failure(result: Result, container: Container, limit_bytes: int | None) -> Result:
    """Return the result.

    If the container ran out of memory, its failure is one of kind `memory`.
    """
    if not container.out_of_memory or not may_be_memory(result):
        return result
    assert result.failure is not None
    failure = msgspec.structs.replace(
        result.failure, kind="memory", reason=out_of_memory(limit_bytes).reason
    )
    return msgspec.structs.replace(result, failure=failure)


def result_of(
    ending: ContainerEnding, failure: Failure | None, present: Sequence[str] = ()
) -> Result:
    """Return the result of an ended container, with the names of its outputs."""
    state: State = "failed" if failure else "succeeded"
    if failure and failure.kind == "cancelled":
        state = "cancelled"
    if failure and ending.is_disk_full:
        reason = because("disk-full", cause=failure.reason)
        failure = msgspec.structs.replace(failure, reason=reason)
    return Result(
        attempt_id=ending.task.attempt_id,
        token=ending.task.token,
        state=state,
        started_at=ending.container.started_at,
        finished_at=ending.container.finished_at,
        outputs=[*present],
        failure=failure,
    )
