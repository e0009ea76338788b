"""Warm kernels that are spawned, not forked: they start before there is an attempt.

These are kernels of another language, of another environment, or with environment variables of
their own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from ..kernels.spawned_kernel import KernelEnded, KernelMissing, StartedKernel
from ..kernels.specifications import is_local, specification, stamp, stamps
from ..process import processes
from ..process.environ_stamps import SINCE, STAMPED, place_of
from ..process.pipes import wait_readable
from .languages import LANGUAGES, Language

PROGRAM = b"\x7fELF"
# Variables of an attempt, by the start of their names. Kernels that depend on them cannot start
# early.
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

    async def start_and_rehearse(self, client: Any) -> dict[str, Any] | None:
        """Start the kernel, and test whether it can be set up for an attempt.

        Return its language info, or None if the kernel cannot wait for an attempt.
        """
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._start_and_rehearse(client)
        except TROUBLE:
            return None

    async def _start_and_rehearse(self, client: Any) -> dict[str, Any]:
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
