"""Determines the outcome of the work: its failure, and whether its outputs are valid."""

from __future__ import annotations

import os
import re
import signal
import stat
from typing import Any

from ..attempt_folder import AttemptFolder
from ..process.path_states import walk
from ..reasons import FROM_OUTSIDE, Reason, because, end_of, signal_name, system_error
from . import collect_outputs

# With less free space than this, a failed write is a likely cause of the failure.
FULL_BYTES = 1 << 20
LINE_CHARS = 200
COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
UNCAUGHT = 1  # Python's exit code after an uncaught exception
NOTE = "[nbyard: "  # a line of ours in the log, such as one about lost output


def failure_record(kind: str, reason: Reason, **more: Any) -> dict[str, Any]:
    """Return a failure as in result.json.

    `more` has further fields, such as `traceback`.
    """
    return {"kind": kind, "reason": reason, **more}


def too_long(seconds: float) -> Reason:
    """Return the reason for work that exceeds its time limit."""
    return because("time-limit", seconds=seconds)


def too_silent(seconds: float) -> Reason:
    """Return the reason for work that is silent for too long."""
    return because("silence-limit", seconds=seconds)


def failure_of_status(
    status: int, last_lines: str, codes: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return the failure for a wait status, or None for success.

    Exit code 0 and the codes in `codes["success"]` mean success.
    """
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        reason = because("ended-by-signal", signal=number, name=signal_name(number))
        if number in FROM_OUTSIDE:
            return failure_record("lost", reason, traceback=last_lines)
        return failure_record("exit-code", reason, exit_code=128 + number, traceback=last_lines)
    return failure_of_exit_code(os.WEXITSTATUS(status), last_lines, codes or {})


def failure_of_exit_code(
    code: int, last_lines: str, codes: dict[str, Any]
) -> dict[str, Any] | None:
    """Return the failure for a command's exit code, or None for success."""
    if code in codes.get("success", ()):
        return None
    meant = next((name for name in ("temporary", "permanent") if code in codes.get(name, ())), "")
    if not meant and not code:
        return None
    reason = because("command-exited", exit_code=code)
    if meant:
        reason = because("exited-as", exit_code=code, meaning=meant)
    plain = (COLOURS.sub("", line).strip() for line in reversed(last_lines.splitlines()))
    line = next((line for line in plain if line and not line.startswith(NOTE)), "")
    if len(line) > LINE_CHARS:
        line = f"{line[: LINE_CHARS - 1]}…"
    if line:
        reason = because("exited-after-line", cause=reason, line=line)
    return failure_record("exit-code", reason, exit_code=code, traceback=last_lines)


def failure_of_notebook(
    status: int, reported: dict[str, Any] | None, last_lines: str
) -> dict[str, Any] | None:
    """Return the failure of a notebook, as its process reported it.

    Without a report, the process raised an exception, or a signal ended it.
    """
    if reported is not None:
        return reported.get("failure")
    if os.WIFEXITED(status) and os.WEXITSTATUS(status) == UNCAUGHT:
        # the same input would raise it again, so this attempt is not lost
        ended = failure_of_status(status, last_lines) or {}
        reason = because("notebook-process-ended", end=ended["reason"])
        return failure_record("preparation", reason, traceback=last_lines)
    end = end_of(-os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
    return failure_record("kernel-died", because("notebook-process-ended", end=end))


def failure_of_function(
    status: int, reported: dict[str, Any] | None, last_lines: str
) -> dict[str, Any] | None:
    """Return the failure of a function, as its process reported it.

    Without a report, the exit status decides, as for a command.
    """
    if reported is not None:
        return reported.get("failure")
    ended = failure_of_status(status, last_lines)
    if ended is None:
        success = because("command-exited", exit_code=0)
        ended = failure_record("error", success, traceback=last_lines)
    return {**ended, "reason": because("function-process-ended", end=ended["reason"])}


def was_killed(reason: Reason) -> bool:
    """Return whether a failure's reason is that SIGKILL ended a process of the work.

    The system sends SIGKILL when memory is short.
    """
    params = reason["params"]
    inner = (param for param in params.values() if isinstance(param, dict) and "params" in param)
    return params.get("signal") == signal.SIGKILL or any(map(was_killed, inner))


def with_disk_note(failure: dict[str, Any] | None, folder: AttemptFolder) -> dict[str, Any] | None:
    """Return the failure. If the disk is full, its reason says so."""
    if failure is None or not is_disk_full(folder.path):
        return failure
    return {**failure, "reason": because("disk-full", cause=failure["reason"])}


def is_disk_full(folder: str) -> bool:
    """Return whether the disk of a folder has too little space for a write."""
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize <= FULL_BYTES


def words_for_bytes(size: float) -> str:
    """Return a size in words, with a binary unit such as MiB."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def check_outputs(
    folder: AttemptFolder,
    outputs: dict[str, dict[str, Any]],
    directory: str = "code",
    exit_code: int = 0,
) -> tuple[list[str], dict[str, Any] | None]:
    """Collect and check the outputs.

    Return the names of those that exist, and a failure. The failure is that of the first invalid
    output, or None. `directory` is the working folder, in which outputs with patterns are searched.
    Their expressions may use `exit_code`.
    """
    present: list[str] = []
    try:
        collect_outputs.move_outputs(folder, outputs)
        collect_outputs.collect_from_workdir(folder, directory, outputs, exit_code)
    except collect_outputs.OutputNotAsDeclared as error:
        return present, failure_record("contract", error.reason)
    except OSError as error:
        return present, failure_record("contract", system_error(error))
    broken = None
    for name, output in outputs.items():
        path = output["path"]
        if collect_outputs.is_found(output) and not output.get("several"):
            # what was collected is the one entry of a folder
            inside = folder.inside(path)
            names = list(collect_outputs.sorted_names(inside)) if os.path.isdir(inside) else []
            problem = _problem(folder, os.path.join(path, names[0])) if names else {}
        else:
            problem = _problem(folder, path)
        if problem is None:
            present.append(name)
        elif problem or output.get("required", True):
            cause = problem or _not_written_reason(output)
            reason = because("output-missing", output=name, cause=cause)
            broken = broken or failure_record("contract", reason)
    return present, broken


def _not_written_reason(output: dict[str, Any]) -> Reason:
    if output.get("value") and not output.get("beside"):
        return because("value-null")
    if collect_outputs.is_found(output):
        patterns = output.get("patterns") or [output["declared_in"]]
        return because("nothing-fits", patterns=patterns)
    return because("not-written", path=(output.get("at") or output["path"]).removeprefix("code/"))


def _problem(folder: AttemptFolder, relative: str) -> Reason | None:
    """Return why an output is invalid: None if it is valid, an empty reason if it is missing."""
    path = folder.inside(relative)
    if not os.path.lexists(path):
        return {}
    paths = [path]
    if os.path.isdir(path):
        for parent, folders, files in walk(path):
            paths += [os.path.join(parent, name) for name in [*folders, *files]]
    for checked_path in paths:
        shown = os.path.relpath(checked_path, folder.path)
        real = os.path.realpath(checked_path)
        if not real.startswith(folder.path + os.sep):
            return because("link-leaves", file=shown)
        try:
            mode = os.stat(checked_path).st_mode
        except OSError as error:
            return because("file-unusable", file=shown, error=error.strerror or "")
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return because("neither-file-nor-folder", file=shown)
    return None
