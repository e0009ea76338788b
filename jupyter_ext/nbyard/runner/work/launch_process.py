"""Starts the process that does the work of an attempt, with its variables and directory."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from .. import pythonpath_shim, secret_files
from ..attempt_folder import AttemptFolder, BadTask
from ..process import environ_stamps, forks
from ..process.forks import die_with_parent
from ..pythonpath_shim import NO_DISTRIBUTIONS
from ..reasons import Explained, Reason, because

# Linux limits each argument to 32 pages (MAX_ARG_STRLEN), see execve(2).
WORD_LIMIT_BYTES = 128 * 1024
# Options of the runner for work other than commands.
CALLED = {"notebook": "--notebook", "function": "--call", "functions": "--calls"}
NOT_STARTED = {
    errno.ENOENT: "program-missing",
    errno.EACCES: "program-not-executable",
    errno.ENOEXEC: "program-not-runnable",
}


# The folder of the runner.
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LATE_VARIABLES = ("NBYARD_", "CUDA_")
HOST_VARIABLES = (
    *("JPY_PARENT_PID", "JPY_SESSION_NAME", "NBYARD_MARK", "NBYARD_SINCE"),
    NO_DISTRIBUTIONS,
)


class CannotStart(Explained):
    """The work could not start."""


class WorkProcess(ABC):
    """The process that does the work of an attempt.

    `output` and `report` are pipes to read from. Only work that `reports` (not a command) uses the
    second one. `stays` is set while the process waits for another attempt. `spent` is the CPU time
    in seconds of its earlier attempts.
    """

    pid: int
    output: int
    report: int
    is_notebook: bool
    reports: bool
    stays = False
    spent = 0.0

    @abstractmethod
    def start(self) -> None:
        """Start the work, or raise CannotStart."""

    def stay(self, spent: float) -> None:
        """Keep the process for another attempt.

        `spent` is the CPU time in seconds that it has used so far.
        """
        self.stays = True
        self.spent = spent

    def close(self) -> None:
        """Close the pipes from the process, unless it stays for another attempt."""
        if not self.stays:
            for end in (self.output, self.report):
                os.close(end)


class WaitingProcess(WorkProcess):
    """A process that was started before its attempt was known.

    `scratch` is its folder for sockets.
    """

    scratch: str

    @abstractmethod
    def bind(self, folder: AttemptFolder, task: dict[str, Any]) -> None:
        """Set the attempt that this process carries out."""


class Launch(WorkProcess):
    """A new process that is started for its attempt.

    `is_watched` states whether a parent kills the process if the supervisor is killed.
    `is_prepared` states whether this process has imported what notebooks need.
    """

    def __init__(
        self,
        folder: AttemptFolder,
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
                if self._is_forked:
                    self.pid = forks.fork_child(self._run_notebook)
                else:
                    self._spawn(files)
        except (OSError, ValueError, BadTask) as error:
            raise CannotStart(self._explain(error)) from error
        finally:
            # With these ends open, the end of the work would not end its pipes.
            os.close(self._output_end)
            os.close(self._report_end)

    def _spawn(self, files: contextlib.ExitStack) -> None:
        parent = os.getpid()
        about = setup_of(self._folder, self._task, self._scratch)
        if self._work["kind"] == "command":  # for a function, `files` has names of parameters
            self._folder.expand_paths_in_files(about["directory"], self._work.get("files") or ())
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
        variables = {**environment_of_host(), **own}
        if not self.reports:
            variables["PYTHONPATH"] = pythonpath_shim.on_path(variables.get("PYTHONPATH", ""))
        return variables

    def _run_notebook(self) -> int:
        from . import run_notebook

        forks.become_runner(environment_of_host(), self._output_end, self._report_end)
        about = setup_of(self._folder, self._task, self._scratch)
        try:
            environ_stamps.adopt_attempt(about)
        except (OSError, ValueError):  # variables cannot be written over: become a new process
            os.chdir(about["directory"])
            os.set_inheritable(self._report_end, True)
            os.execve(self._argv()[0], self._argv(), self._variables(about["environment"]))
        return run_notebook.main(self._folder.path, self._report_end, is_prepared=True)

    def _argv(self) -> list[str]:
        if self.reports:
            main = os.path.join(ROOT, "__main__.py")
            python = self._work.get("interpreter") or sys.executable
            arguments = [self._folder.path, str(self._report_end)]
            return [python, main, CALLED[self._work["kind"]], *arguments]
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

    def _explain(self, error: Exception) -> Reason:
        program = str((self._work.get("argv") or ["?"])[0])
        if isinstance(error, OSError) and error.errno == errno.E2BIG:
            argv = [self._folder.expand_word(word) for word in self._work["argv"]]
            large = [word for word in argv if len(os.fsencode(word)) >= WORD_LIMIT_BYTES]
            if not large:
                return because("command-too-large")
            size = len(os.fsencode(large[0]))
            return because(
                "argument-too-large", argument=large[0][:40], size=size, limit=WORD_LIMIT_BYTES
            )
        # The error concerns a stream or the working directory, not the program.
        if isinstance(error, OSError) and error.filename not in (None, program, self._argv()[0]):
            return because("file-unusable", file=str(error.filename), error=str(error.strerror))
        shown = self._folder.expand_word(program.removeprefix("{attempt}/code/"))
        code = NOT_STARTED.get(getattr(error, "errno", None) or 0)
        if code:
            return because(code, program=shown)
        return because("program-not-started", program=shown, error=str(error))


def is_plain(environment: Iterable[str]) -> bool:
    """Return whether none of these variables affects the start of Python or its libraries.

    Such variables can still be set in a process that is running already.
    """
    return all(name.startswith(LATE_VARIABLES) for name in environment)


def environment_of_host() -> dict[str, str]:
    """Return the supervisor's variables that all work inherits."""
    environment = {k: v for k, v in os.environ.items() if k not in HOST_VARIABLES}
    # Python would hold back lines that it prints to a pipe, and lose them if it is killed.
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment


def setup_of(folder: AttemptFolder, task: dict[str, Any], scratch: str) -> dict[str, Any]:
    """Create the working directory.

    Return it and the variables of the attempt's work. `scratch` is the folder for sockets of
    kernels.

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
    if folder.has(secret_files.SECRETS):
        environment[secret_files.VARIABLE] = folder.at(secret_files.SECRETS)
    environment["NBYARD_ATTEMPT"] = folder.path
    environment["NBYARD_ATTEMPT_ID"] = task["attempt_id"]
    environment["NBYARD_MARK"] = task["mark"]
    if not folder.has_distributions:
        environment[NO_DISTRIBUTIONS] = "1"
    if scratch:
        environment["JUPYTER_RUNTIME_DIR"] = scratch
    return {"directory": directory, "environment": environment}
