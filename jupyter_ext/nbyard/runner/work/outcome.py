"""The outcome of the work: failures as text, checks of outputs, result.json."""

from __future__ import annotations

import os
import stat
from typing import Any

from ..attempt_folder import Folder
from ..process.exit_status import FROM_OUTSIDE, signal_name
from . import collect_outputs

FULL_BYTES = 1 << 20


def failure(kind: str, message: str, **more: Any) -> dict[str, Any]:
    """Return a failure as in result.json."""
    return {"kind": kind, "message": message, **more}


def too_long(seconds: float) -> str:
    """Return the message for work that exceeds its time limit."""
    return f"ran longer than its limit of {seconds:g} s"


def too_silent(seconds: float) -> str:
    """Return the message for work that is silent for too long."""
    return f"gave no sign of life for {seconds:g} s"


def of_status(
    status: int, last_lines: str, codes: dict[str, Any] | None = None
) -> dict[str, Any] | None:
    """Return a failure for a wait status. None for exit code 0 and codes in `codes["success"]`."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        message = f"ended by signal {number} ({signal_name(number)})"
        if number in FROM_OUTSIDE:
            return failure("lost", message, traceback=last_lines)
        return failure("exit-code", message, exit_code=128 + number, traceback=last_lines)
    return of_code(os.WEXITSTATUS(status), last_lines, codes or {})


def of_code(code: int, last_lines: str, codes: dict[str, Any]) -> dict[str, Any] | None:
    """Return a failure for an exit code, or None for success."""
    words = ""
    if code not in codes.get("success", ()):
        if code in codes.get("temporary", ()):
            words = ", a temporary failure as its description says"
        elif code in codes.get("permanent", ()):
            words = ", a permanent failure as its description says"
        if words or code:
            message = f"exit code {code}{words}"
            return failure("exit-code", message, exit_code=code, traceback=last_lines)
    return None


def of_notebook(status: int, reported: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the failure that the notebook's process reported.

    Without a report, the process was killed from outside.
    """
    if reported is not None:
        return reported.get("failure")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        how = f"signal {number}, {signal_name(number)}"
    else:
        how = f"exit code {os.WEXITSTATUS(status)}"
    return failure("kernel-died", f"the process that ran the notebook ended early ({how})")


def of_function(
    status: int, reported: dict[str, Any] | None, last_lines: str
) -> dict[str, Any] | None:
    """Return the failure that the function's process reported.

    Without a report, its exit status decides, as for a command that fails.
    """
    if reported is not None:
        return reported.get("failure")
    words = "its process ended before the function returned"
    ended = of_status(status, last_lines) or failure("error", "exit code 0", traceback=last_lines)
    return {**ended, "message": f"{words} ({ended['message']})"}


def on_full_disk(failure: dict[str, Any] | None, folder: Folder) -> dict[str, Any] | None:
    """Return the failure, with a note if the disk is full."""
    disk = os.statvfs(folder.path)
    if failure is None or disk.f_bavail * disk.f_frsize > FULL_BYTES:
        return failure
    return {**failure, "message": f"{failure['message']} (disk full: nothing can be written)"}


def words_for_bytes(size: float) -> str:
    """Return a size with a binary unit."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def look_at_outputs(
    folder: Folder,
    outputs: dict[str, dict[str, Any]],
    directory: str = "code",
    exit_code: int = 0,
) -> tuple[list[str], dict[str, Any] | None]:
    """Return the names of the outputs that exist, and a failure for the first invalid one.

    Outputs with patterns are taken from the working folder `directory`, those with a path of their
    own from there.
    """
    present: list[str] = []
    try:
        collect_outputs.collect(folder, outputs)
        collect_outputs.gather(folder, directory, outputs, exit_code)
    except (collect_outputs.NotFound, OSError) as error:
        return present, failure("contract", str(error))
    broken = None
    for name, output in outputs.items():
        if collect_outputs.is_found(output) and not output.get("several"):
            problem = _problem_inside(folder, output["path"])
        else:
            problem = _problem(folder, output["path"])
        if problem is None:
            present.append(name)
        elif problem or output.get("required", True):
            words = problem or _not_written(output)
            broken = broken or failure("contract", f"the output {name!r} is missing: {words}")
    return present, broken


def _not_written(output: dict[str, Any]) -> str:
    if output.get("value") and not output.get("beside"):
        return "its value is null"
    if collect_outputs.is_found(output):
        patterns = " or ".join(output.get("patterns") or [collect_outputs.TOLD])
        return f"nothing in its working folder fits {patterns}"
    return f"{output.get('at') or output['path']} was not written"


def _problem_inside(folder: Folder, relative: str) -> str | None:
    """Check the one file or folder in the folder of a collected output like `_problem`."""
    path = folder.inside(relative)
    names = list(collect_outputs.entries(path)) if os.path.isdir(path) else []
    return _problem(folder, os.path.join(relative, names[0])) if names else ""


def _problem(folder: Folder, relative: str) -> str | None:
    """Return None for a valid output, an empty text if it is missing, else the problem."""
    path = folder.inside(relative)
    if not os.path.lexists(path):
        return ""
    paths = [path]
    if os.path.isdir(path):
        for parent, folders, files in os.walk(path):
            paths += [os.path.join(parent, name) for name in [*folders, *files]]
    for one in paths:
        shown = os.path.relpath(one, folder.path)
        real = os.path.realpath(one)
        if not real.startswith(folder.path + os.sep):
            return f"{shown} is a symbolic link that leaves the attempt's folder"
        try:
            mode = os.stat(one).st_mode
        except OSError as error:
            return f"{shown}: {error.strerror}"
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return f"{shown} is neither a file nor a folder"
    return None
