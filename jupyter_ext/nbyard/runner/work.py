"""Starts the process of a task."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from . import beside, memory, processes
from .folder import BadTask, Folder

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
WORD_LIMIT_BYTES = 128 * 1024
LATE_VARIABLES = ("NBYARD_", "CUDA_")
HOST_VARIABLES = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "NBYARD_MARK", "NBYARD_SINCE")
# Options of the runner for work other than commands.
CALLED = {"notebook": "--notebook", "function": "--call", "functions": "--calls"}

ADOPTS = sys.platform == "linux"
_LIBC = ctypes.CDLL(None, use_errno=True) if ADOPTS else None


class CannotStart(Exception):
    """The work could not start. The message is shown to users."""


def is_plain(environment: Iterable[str]) -> bool:
    """Return whether none of these variables must be set before Python starts."""
    return all(name.startswith(LATE_VARIABLES) for name in environment)


def adopt_orphans() -> None:
    """Adopt daemonized children of the work, instead of init."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def signal_at_end_of_parent(number: int) -> None:
    """Request a signal at the end of the current parent, not of a later adoptive one."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)


def show_to_work(shown: bool) -> None:
    """Set whether the work, which has the same user, may access our memory and files."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_DUMPABLE, int(shown), 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """End this child when its parent ends. Call this between fork and exec."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if _LIBC is not None:
        signal_at_end_of_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def environment_of_host() -> dict[str, str]:
    """Return the environment variables that all work gets."""
    environment = {k: v for k, v in os.environ.items() if k not in HOST_VARIABLES}
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment


def told(folder: Folder, task: dict[str, Any], scratch: str) -> dict[str, Any]:
    """Return the working directory and variables for the work of this attempt.

    Raises:
        BadTask: The directory is outside the attempt folder.
        OSError: The directory cannot be created.
    """
    directory = folder.inside(task.get("directory") or "code")
    os.makedirs(directory, exist_ok=True)
    # replaces the dispatcher's PWD
    environment = {"PWD": directory, **(task.get("environment") or {})}
    for name, value in (task["work"].get("environment") or {}).items():
        environment[name] = folder.expand_word(value)
    for name, place in (task["work"].get("secrets") or {}).items():
        with open(folder.inside(place), encoding="utf-8") as file:
            environment[name] = file.read()
    if folder.has(memory.SECRETS):
        environment[memory.VARIABLE] = folder.at(memory.SECRETS)
    environment["NBYARD_ATTEMPT"] = folder.path
    environment["NBYARD_ATTEMPT_ID"] = task["attempt_id"]
    environment["NBYARD_MARK"] = task["mark"]
    if scratch:
        environment["JUPYTER_RUNTIME_DIR"] = scratch
    return {"directory": directory, "environment": environment}


class Launch:
    """A started process: `pid`, and two pipes to read from (`report` is not for commands)."""

    stays = False
    spent = 0.0

    def __init__(
        self,
        folder: Folder,
        task: dict[str, Any],
        scratch: str,
        *,
        is_watched: bool,
        is_prepared: bool,
    ) -> None:
        self._folder = folder
        self._task = task
        self._work = task["work"]
        self._scratch = scratch
        self._is_watched = is_watched
        self.is_notebook = self._work["kind"] == "notebook"
        self.reports = self._work["kind"] != "command"
        self._is_forked = is_prepared and self.is_notebook
        self._is_forked &= is_plain(task.get("environment") or {})
        self.pid = 0
        self.output, self._output_end = os.pipe()
        self.report, self._report_end = os.pipe()

    def start(self) -> None:
        """Start the process, or raise CannotStart."""
        try:
            with contextlib.ExitStack() as files:
                self._fork() if self._is_forked else self._spawn(files)
        except (OSError, ValueError, BadTask) as error:
            raise CannotStart(self._explain(error)) from error
        finally:
            os.close(self._output_end)
            os.close(self._report_end)

    def close(self) -> None:
        """Close the pipes from the work."""
        for end in (self.output, self.report):
            os.close(end)

    def _spawn(self, files: contextlib.ExitStack) -> None:
        parent = os.getpid()
        about = told(self._folder, self._task, self._scratch)
        if self._work["kind"] == "command":  # for a function, `files` has names of parameters
            self._folder.write_places(about["directory"], self._work.get("files") or ())
        process = subprocess.Popen(
            self._argv(),
            stdin=self._stream(files, self._work.get("stdin"), "rb", subprocess.DEVNULL),
            stdout=self._stream(files, self._work.get("stdout"), "wb", self._output_end),
            stderr=self._stream(files, self._work.get("stderr"), "wb", self._output_end),
            cwd=about["directory"],
            env=self._variables(about["environment"]),
            pass_fds=(self._report_end,) if self.reports else (),
            start_new_session=True,
            # The parent cleans up, and starting is much faster without preexec_fn.
            preexec_fn=None if self._is_watched else lambda: die_with_parent(parent),  # noqa: PLW1509
        )
        self.pid = process.pid
        process.returncode = 0  # the supervisor reaps; Popen must not wait

    def _variables(self, own: dict[str, str]) -> dict[str, str]:
        found = {**environment_of_host(), **own}
        if not self.reports:
            found["PYTHONPATH"] = beside.on_path(found.get("PYTHONPATH", ""))
        return found

    def _fork(self) -> None:
        """Fork the runner of a notebook from this process, which has imported what it needs."""
        from . import prepared

        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            die_with_parent(parent)
            prepared.live_as(self._run_notebook)

    def _run_notebook(self) -> int:
        from . import notebook, prepared

        show_to_work(True)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, self._output_end), (2, self._output_end)):
            os.dup2(source, target)
        processes.keep_only(self._report_end)
        prepared.renew(environment_of_host())
        prepared.take_on(told(self._folder, self._task, self._scratch))
        return notebook.main(self._folder.path, self._report_end, is_prepared=True)

    def _argv(self) -> list[str]:
        if self.reports:
            main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
            python = self._work.get("interpreter") or sys.executable
            told = [self._folder.path, str(self._report_end)]
            return [python, main, CALLED[self._work["kind"]], *told]
        return [self._folder.expand_word(word) for word in self._work["argv"]]

    def _stream(
        self, files: contextlib.ExitStack, path: str | None, mode: str, otherwise: int
    ) -> Any:
        if not path:
            return otherwise
        full = self._folder.inside(path)
        if mode == "wb":
            os.makedirs(os.path.dirname(full), exist_ok=True)
        return files.enter_context(open(full, mode))

    def _explain(self, error: Exception) -> str:
        program = str((self._work.get("argv") or ["?"])[0])
        if isinstance(error, OSError) and error.errno == errno.E2BIG:
            return self._explain_size()
        if isinstance(error, OSError) and error.filename not in (None, program, self._argv()[0]):
            return f"{error.filename}: {error.strerror}"
        sentences = {
            errno.ENOENT: "there is no such program (or the interpreter in its #! line is missing)",
            errno.EACCES: "it may not be executed; is its executable bit set?",
            errno.ENOEXEC: "the system cannot execute this kind of file; does it lack a #! line?",
        }
        reason = sentences.get(getattr(error, "errno", None) or 0, str(error))
        shown = program.removeprefix("{attempt}/code/")
        return f"{self._folder.expand_word(shown)} cannot be started: {reason}"

    def _explain_size(self) -> str:
        words = [self._folder.expand_word(word) for word in self._work["argv"]]
        large = [word for word in words if len(os.fsencode(word)) >= WORD_LIMIT_BYTES]
        if not large:
            return "the command line and its environment are larger than the system allows"
        size = len(os.fsencode(large[0]))
        return (
            f"the argument {large[0][:40]!r}… has {size} bytes; the system allows less than"
            f" {WORD_LIMIT_BYTES}"
        )
