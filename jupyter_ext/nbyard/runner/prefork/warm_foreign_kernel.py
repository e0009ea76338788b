"""Warm kernels that are spawned, not forked: they start before there is an attempt.

These are kernels of another language, of another environment, or with environment variables of
their own.

How kernels of each language are prepared before an attempt and then set up for it.

Each language recognizes its kernels, and finds the user's files that such a kernel runs at its
start. It also builds the request that sets the kernel up for an attempt.
"""

from __future__ import annotations

import ast
import asyncio
import glob
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple, Protocol

from ..kernels.in_process_kernel import CONFIG_FILES, CONFIG_KINDS
from ..kernels.spawned_kernel import KernelEnded, KernelMissing, StartedKernel
from ..kernels.specifications import is_ipykernel, is_local, specification, stamp, stamps
from ..process import processes
from ..process.environ_stamps import SINCE, STAMPED, place_of
from ..process.pipes import wait_readable

STARTUP_FILES = ("*.py", "*.ipy")
PROFILES = (".Rprofile*", ".Renviron*")
NAMED_PROFILES = ("R_PROFILE", "R_PROFILE_USER", "R_ENVIRON", "R_ENVIRON_USER")
IRKERNEL = ["-e", "IRkernel::main()", "--args", "{connection_file}"]
R_OPTIONS = {"--slave", "--no-echo", "--quiet", "--no-save", "--no-restore", "--vanilla"}
# A line such as R_HOME_DIR=/usr/lib/R in the shell script `R`.
R_HOME = re.compile(r'^R_HOME_DIR="?(/[^"\n]*)"?$', re.MULTILINE)


class Language(Protocol):
    """The interface to kernels of one language."""

    name: str

    def programs(self, spec: Any, environment: Mapping[str, str]) -> list[str]:
        """Return the files that are executed to start the kernel, the program last.

        The list is empty for kernels of other languages. It is also empty if the working directory
        could affect which program is started.
        """

    def has_user_configuration(self, program: str, environment: Mapping[str, str]) -> bool:
        """Return whether the user has configured the kernel or given it startup files."""

    def variables(self, scratch: str) -> dict[str, str]:
        """Return environment variables that the kernel has only while it waits for an attempt."""

    def request(self, attempt: dict[str, Any], stamps: dict[int, str]) -> dict[str, Any]:
        """Return the code request that sets the kernel up for an attempt.

        `attempt` has the directory and the variables (None removes one). `stamps` has the texts to
        write at addresses of the process's memory. The request leaves no name, output or history in
        the kernel.
        """

    def answer(self, content: dict[str, Any], printed: str) -> list[Any]:
        """Return the process ID of the kernel and the paths that it depends on, from its reply.

        Raises:
            ValueError: The kernel could not be set up for the attempt.
        """


class Python:
    """ipykernel."""

    name = "python"

    def programs(self, spec: Any, environment: Mapping[str, str]) -> list[str]:
        # IPython runs the file in PYTHONSTARTUP, which may be the user's, when a kernel starts.
        if not is_ipykernel(spec) or environment.get("PYTHONSTARTUP"):
            return []
        major, minor = sys.version_info[:2]
        own = ("python", f"python{major}", f"python{major}.{minor}")  # as in jupyter_client
        return [sys.executable if spec.argv[0] in own else spec.argv[0]]

    def has_user_configuration(self, program: str, environment: Mapping[str, str]) -> bool:
        """Return whether the user or the machine's administrator has configured IPython."""
        home = os.path.expanduser(environment.get("IPYTHONDIR") or "~/.ipython")
        real = os.path.realpath(program)
        prefixes = {os.path.dirname(os.path.dirname(path)) for path in (program, real)}
        places = [os.path.join(home, "profile_default"), "/usr/local/etc/ipython", "/etc/ipython"]
        for place in (*places, *(os.path.join(prefix, "etc", "ipython") for prefix in prefixes)):
            names = [name + kind for name in CONFIG_FILES for kind in CONFIG_KINDS]
            if any(os.path.exists(os.path.join(place, name)) for name in names):
                return True
            if any(glob.glob(os.path.join(place, "startup", each)) for each in STARTUP_FILES):
                return True
        return False

    def variables(self, scratch: str) -> dict[str, str]:
        return {}

    def request(self, attempt: dict[str, Any], stamps: dict[int, str]) -> dict[str, Any]:
        arguments = f"(get_ipython(), {attempt!r}, {stamps!r})"
        text = f"(lambda names: (exec({_text('py')!r}, names), names['claim']{arguments})[1])({{}})"
        return {"code": "", "silent": True, "user_expressions": {"": text}}

    def answer(self, content: dict[str, Any], printed: str) -> list[Any]:
        reply = content.get("user_expressions", {}).get("", {})
        if reply.get("status") != "ok":
            raise ValueError(reply.get("evalue"))
        return list(json.loads(ast.literal_eval(reply["data"]["text/plain"])))


class R:
    """IRkernel, which ignores user expressions and reports no errors of silent requests."""

    name = "R"

    def programs(self, spec: Any, environment: Mapping[str, str]) -> list[str]:
        """Return the programs that the kernel starts, empty if they are not known."""
        options, launch = spec.argv[1 : -len(IRKERNEL)], spec.argv[-len(IRKERNEL) :]
        if launch != IRKERNEL or not R_OPTIONS.issuperset(options):
            return []
        script = spec.argv[0]
        if not os.path.isabs(script):
            path = environment.get("PATH", "")
            # relative words and places depend on the working directory
            is_fixed = os.sep not in script and all(map(os.path.isabs, path.split(os.pathsep)))
            script = (shutil.which(script, path=path) or "") if is_fixed else ""
        program = _program_of_r(script, stamp(script))
        return [script, program] if program else []

    def has_user_configuration(self, program: str, environment: Mapping[str, str]) -> bool:
        """Return whether the user has profile files, which R runs when it starts.

        The machine's own profiles count as part of R's installation.
        """
        if any(environment.get(name) for name in NAMED_PROFILES):
            return True
        home = glob.escape(os.path.expanduser(environment.get("HOME", "~")))
        return any(glob.glob(os.path.join(home, each)) for each in PROFILES)

    def variables(self, scratch: str) -> dict[str, str]:
        """Return a temporary folder for R, which would otherwise leave one behind when killed."""
        return {"TMPDIR": scratch}

    def request(self, attempt: dict[str, Any], stamps: dict[int, str]) -> dict[str, Any]:
        environment = attempt["environment"]
        given = {name: value for name, value in environment.items() if value is not None}
        arguments = [_r_words([attempt["directory"]]), _r_words(given), _r_words(given.values())]
        arguments += [_r_words(environment.keys() - given), f"c({', '.join(map(str, stamps))})"]
        code = f"({_text('R')})({', '.join([*arguments, _r_words(stamps.values())])})"
        return {"code": code, "silent": False}

    def answer(self, content: dict[str, Any], printed: str) -> list[Any]:
        if content["status"] != "ok":
            raise ValueError(content.get("evalue"))
        pid, *paths = os.fsdecode(bytes.fromhex(printed)).split("\n")
        return [int(pid), paths]


LANGUAGES: tuple[Language, ...] = (Python(), R())


# The stamp is a part of the key, so that a changed script is read again.
@cache
def _program_of_r(script: str, _stamp: tuple[int, int]) -> str:
    """Return the path of R's binary, as named in the shell script `R`, or "".

    Scripts of another form are not accepted: they could choose the binary by the working directory.
    """
    try:
        with open(script, encoding="utf-8", errors="replace") as file:
            home = R_HOME.search(file.read())
    except OSError:
        return ""
    return os.path.join(home[1], "bin", "exec", "R") if home else ""


def _r_words(texts: Iterable[str]) -> str:
    """Return an R vector of strings, independent of R's locale."""
    codes = (", ".join(map(str, os.fsencode(word))) for word in texts)
    return f"c({', '.join(f'rawToChar(as.raw(c({each})))' for each in codes)})"


@cache
def _text(kind: str) -> str:
    """Return the text of claim_script in the language whose file extension is `kind`."""
    path = os.path.join(os.path.dirname(__file__), f"claim_script.{kind}")
    with open(path, encoding="utf-8") as file:
        return file.read()


PROGRAM = b"\x7fELF"
# Variables of an attempt, by how names start. Kernels that depend on them cannot start early.
OF_ATTEMPTS = ("NBYARD_", "CUDA_", "JUPYTER_RUNTIME_DIR")
START_SECONDS = 120.0
CLAIM_SECONDS = 10.0


class KernelNotWarm(Exception):
    """A kernel that was started in advance cannot serve an attempt."""


# SyntaxError comes from ast.literal_eval, for a reply that is no literal of Python.
TROUBLE = (
    KernelNotWarm,
    KernelMissing,
    KernelEnded,
    TimeoutError,
    OSError,
    ValueError,
    SyntaxError,
)


class Origin(NamedTuple):
    """The files and settings from which a kernel was started.

    If one of them has changed, the kernel differs from one that would be started now.
    """

    specification: list[tuple[int, int]]
    argv: list[str]
    environment: dict[str, str]
    programs: list[tuple[int, int]]
    language: Language


def origin_of(name: str) -> Origin | None:
    """Return the origin of a kernel, or None if the kernel cannot start before its attempt.

    The result is None for unknown kernels, and for kernels that run files of their user when they
    start.
    """
    spec = specification(name)
    if spec is None or not is_local(spec):
        return None
    # A kernel with such variables reads the attempt's variables at the start.
    variable_texts = [*spec.env, *(value for value in spec.env.values() if "$" in value)]
    if any(name in word for word in variable_texts for name in OF_ATTEMPTS):
        return None
    environment = {**os.environ, **spec.env}
    for language in LANGUAGES:
        programs = language.programs(spec, environment)
        if programs:
            seen = [stamp(path) for path in programs]
            own = language.has_user_configuration(programs[-1], environment)
            if own or not _is_program(programs[-1], seen[-1]):
                return None
            return Origin(stamps(name), spec.argv, spec.env, seen, language)
    return None


@cache
def _is_program(path: str, _stamp: tuple[int, int]) -> bool:
    """Return whether a file is an ELF binary with an absolute path.

    A script is not accepted: it could choose its interpreter by the working directory.
    """
    try:
        with open(path, "rb") as file:
            return os.path.isabs(path) and file.read(len(PROGRAM)) == PROGRAM
    except OSError:
        return False


class ForeignKernel(StartedKernel):
    """A spawned kernel that has run nothing and waits until an attempt claims it."""

    def __init__(self, name: str, scratch: str) -> None:
        super().__init__(name, "", scratch, name)
        places = processes.variables_of(os.getpid())
        self._places = {name: places[name] for name in STAMPED}
        self._own: dict[str, str] = {}
        self._origin: Origin | None = None
        self._depends: dict[str, tuple[int, int]] = {}

    def _environment(self) -> dict[str, str]:
        """Return the kernel's variables, with placeholders for those of the attempt.

        The placeholders reserve memory, because the values in `/proc/PID/environ` cannot grow.
        """
        return {**super()._environment(), **self._own, **self._places}

    async def start_and_test(self, client: Any) -> dict[str, Any] | None:
        """Start the kernel, and test whether it can be set up for an attempt.

        Return its language info, or None if the kernel cannot wait for an attempt.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                began = time.time_ns()
                origin = self._origin = origin_of(self._name)
                if origin is None:
                    raise KernelNotWarm(self._name)
                self._language = origin.language.name
                own = origin.language.variables(self._directory)
                self._own = {name: own[name] for name in own.keys() - origin.environment}
                language_info = await self.connect(client)
                nobody = {"directory": self._directory, "environment": {}}
                paths = await self._become(origin.language, nobody, self._places)
                here = os.path.realpath(self._directory)
                self._depends = _stamps_of(path for path in paths if path != here)
                # a package was installed meanwhile
                if any(at >= began for _, at in self._depends.values()):
                    raise KernelNotWarm(self._name)
                return language_info
        except TROUBLE:
            return None

    def _pid(self) -> int:
        return int(self._client.km.provisioner.pid)

    async def wait_for_call(self, called: int) -> None:
        """Wait until the descriptor `called` is readable or the kernel has ended."""
        handle = os.pidfd_open(self._pid())
        waits = {asyncio.ensure_future(wait_readable(end)) for end in (handle, called)}
        _, idle = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in idle:
            wait.cancel()
        os.close(handle)

    async def claim(self, attempt: dict[str, Any]) -> bool:
        """Set the waiting kernel up for an attempt. Return whether that succeeded.

        It fails if the kernel's files have changed since its start.
        """
        origin, seen = origin_of(self._name), _stamps_of(self._depends)
        if origin is None or (origin, seen) != (self._origin, self._depends):
            return False
        # None removes the variables that only the waiting kernel has.
        environment = dict.fromkeys((*self._own, SINCE)) | attempt["environment"]
        environment |= {name: os.environ[name] for name in self._own if name in os.environ}
        values = (attempt["since"], environment["NBYARD_MARK"], environment["NBYARD_ATTEMPT_ID"])
        try:
            if not await self._client.km.is_alive():
                return False
            stamped = dict(zip(STAMPED, values, strict=True))
            await self._become(origin.language, {**attempt, "environment": environment}, stamped)
        except TROUBLE:
            return False
        return True

    async def _become(
        self, language: Language, attempt: dict[str, Any], stamped: dict[str, str]
    ) -> list[str]:
        """Run the request that sets the kernel up for an attempt.

        Return the paths the kernel depends on. `stamped` has the environment variables to overwrite
        in the memory of the process.
        """
        pid, addressed = self._pid(), {}
        for name, value in stamped.items():
            address, length = place_of(name, pid)
            if len(os.fsencode(value)) != length:  # it must fill the space reserved for it
                raise ValueError(name)
            addressed[address] = value
        async with asyncio.timeout(CLAIM_SECONDS):
            content, printed = await self._execute(language.request(attempt, addressed))
        there, paths = language.answer(content, printed)
        if there != pid or not stamped.items() <= processes.variables_of(pid).items():
            raise KernelNotWarm(self._name)  # another process answered, or variables are missing
        return list(paths)

    async def _execute(self, request: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """Run code in the kernel. Return its reply and what it printed."""
        client, printed, is_idle = self._client.kc, "", False
        asked = client.execute(**request, store_history=False, allow_stdin=False)
        while not is_idle:
            message = await client.get_iopub_msg()
            if message["parent_header"].get("msg_id") == asked:
                content = message["content"]
                printed += content["text"] if content.get("name") == "stdout" else ""
                is_idle = content.get("execution_state") == "idle"
        while True:
            reply = await client.get_shell_msg()
            if reply["parent_header"].get("msg_id") == asked:
                return reply["content"], printed


def _stamps_of(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the stamps of these files and folders, without relative paths."""
    return {path: stamp(path) for path in paths if os.path.isabs(path)}
