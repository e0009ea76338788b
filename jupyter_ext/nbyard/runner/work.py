"""From a task to a started process."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import subprocess
import sys
from typing import Any

from .folder import BadTask, Folder

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
WORD_LIMIT_BYTES = 128 * 1024
LATE_VARIABLES = ("NBYARD_", "CUDA_")
HOST_VARIABLES = ("JPY_PARENT_PID", "JPY_SESSION_NAME", "NBYARD_MARK")

_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class CannotStart(Exception):
    """The work could not even begin; the text is for people."""


def _is_plain(task: dict[str, Any]) -> bool:
    """Whether no variable of its environment would have to be there when Python starts."""
    return all(name.startswith(LATE_VARIABLES) for name in task.get("environment") or {})


def adopt_orphans() -> None:
    """Daemonised children of the work become ours instead of init's."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Runs in the child between fork and exec: its parent's end will be its own."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


class Launch:
    """One started process: `pid`, and the two pipes to read from (`report` of notebooks only)."""

    def __init__(
        self, folder: Folder, task: dict[str, Any], scratch: str, *, is_prepared: bool = False
    ) -> None:
        self._folder = folder
        self._task = task
        self._work = task["work"]
        self._scratch = scratch
        self.is_notebook = self._work["kind"] == "notebook"
        self._is_forked = is_prepared and self.is_notebook and _is_plain(task)
        self.pid = 0
        self.output, self._output_end = os.pipe()
        self.report, self._report_end = os.pipe()

    def start(self) -> None:
        try:
            with contextlib.ExitStack() as files:
                self._fork() if self._is_forked else self._spawn(files)
        except (OSError, ValueError, BadTask) as error:
            raise CannotStart(self._explain(error)) from error
        finally:
            os.close(self._output_end)
            os.close(self._report_end)

    def _spawn(self, files: contextlib.ExitStack) -> None:
        parent = os.getpid()
        process = subprocess.Popen(
            self._argv(),
            stdin=self._stream(files, self._work.get("stdin"), "rb", subprocess.DEVNULL),
            stdout=self._stream(files, self._work.get("stdout"), "wb", self._output_end),
            stderr=self._output_end,
            cwd=self._directory(),
            env=self._environment(),
            pass_fds=(self._report_end,) if self.is_notebook else (),
            start_new_session=True,
            # one thread only lives here, so that this is safe
            preexec_fn=lambda: die_with_parent(parent),  # noqa: PLW1509
        )
        self.pid = process.pid
        process.returncode = 0  # the supervisor reaps, Popen shall not wait

    def _fork(self) -> None:
        """The runner of a notebook out of this process, which has imported what it needs."""
        from . import prepared

        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            die_with_parent(parent)
            prepared.live_as(self._run_notebook)

    def _run_notebook(self) -> int:
        from . import notebook, prepared

        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, self._output_end), (2, self._output_end)):
            os.dup2(source, target)
        prepared.keep_only(self._report_end)
        prepared.renew(self._environment(), self._task["mark"])
        os.chdir(self._directory())
        return notebook.main(self._folder.path, self._report_end, is_prepared=True)

    def _argv(self) -> list[str]:
        if self.is_notebook:
            main = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
            return [sys.executable, main, "--notebook", self._folder.path, str(self._report_end)]
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

    def _directory(self) -> str:
        directory = self._folder.inside(self._task.get("directory") or "code")
        os.makedirs(directory, exist_ok=True)
        return directory

    def _environment(self) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if k not in HOST_VARIABLES}
        environment.setdefault("PYTHONUNBUFFERED", "1")
        environment.update(self._task.get("environment") or {})
        for name, value in (self._work.get("environment") or {}).items():
            environment[name] = self._folder.expand_word(value)
        environment["NBYARD_ATTEMPT"] = self._folder.path
        environment["NBYARD_ATTEMPT_ID"] = self._task["attempt_id"]
        environment["NBYARD_MARK"] = self._task["mark"]
        if self.is_notebook:
            environment["JUPYTER_RUNTIME_DIR"] = self._scratch
        return environment

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
        return f"{program} cannot be started: {reason}"

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
