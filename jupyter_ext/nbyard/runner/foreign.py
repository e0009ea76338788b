"""Kernels that no fork of us can be, started before there is an attempt: ipykernel's of another
environment, or with variables of its own."""

from __future__ import annotations

import ast
import asyncio
import glob
import json
import os
import sys
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from . import processes
from .direct import CONFIG_FILES, CONFIG_KINDS
from .kernel import is_ipykernel, readable, specification, stamp, stamps
from .started import KernelEnded, KernelMissing, StartedKernel

PROGRAM = b"\x7fELF"
LOCAL = "local-provisioner"
# What an attempt says of itself.
OF_ATTEMPTS = ("NBYARD_", "CUDA_", "JUPYTER_RUNTIME_DIR")
STAMPS = ("NBYARD_SINCE", "NBYARD_MARK", "NBYARD_ATTEMPT_ID")
STARTUP_FILES = ("*.py", "*.ipy")
START_SECONDS = 120.0
CLAIM_SECONDS = 10.0
CLAIMED = os.path.join(os.path.dirname(__file__), "claimed.py")
TROUBLE = (KernelMissing, KernelEnded, TimeoutError, OSError, ValueError, SyntaxError)


class Origin(NamedTuple):
    """What a kernel was made of; another one is another kernel."""

    specification: list[tuple[int, int]]
    argv: list[str]
    environment: dict[str, str]
    program: tuple[int, int]


def origin_of(name: str) -> Origin | None:
    """None where only a kernel that is started for its attempt is right: one that is not known to
    be ipykernel and nothing else, or that runs files of its user when it starts."""
    spec = specification(name)
    if spec is None or not is_ipykernel(spec) or not _is_local(spec) or _names_attempts(spec.env):
        return None
    interpreter = _interpreter(spec.argv[0])
    if not _is_program(interpreter, stamp(interpreter)):
        return None
    environment = {**os.environ, **spec.env}
    if environment.get("PYTHONSTARTUP") or _own_files(interpreter, environment):
        return None
    return Origin(stamps(name), spec.argv, spec.env, stamp(interpreter))


def _is_local(spec: Any) -> bool:
    provisioner = spec.metadata.get("kernel_provisioner") or {}
    return bool(provisioner.get("provisioner_name", LOCAL) == LOCAL)


def _names_attempts(environment: dict[str, str]) -> bool:
    """Whether a kernel of these variables would know whose it is when it starts."""
    words = [*environment, *(value for value in environment.values() if "$" in value)]
    return any(name in word for word in words for name in OF_ATTEMPTS)


def _interpreter(word: str) -> str:
    major, minor = sys.version_info[:2]
    own = ("python", f"python{major}", f"python{major}.{minor}")  # as jupyter_client has it
    return sys.executable if word in own else word


@cache
def _is_program(path: str, _stamp: tuple[int, int]) -> bool:
    """A script could choose its interpreter by the directory that it is started in."""
    try:
        with open(path, "rb") as file:
            return os.path.isabs(path) and file.read(len(PROGRAM)) == PROGRAM
    except OSError:
        return False


def _own_files(interpreter: str, environment: dict[str, str]) -> bool:
    """Whether its user, or who runs the machine, has configured its IPython, or given it files to
    run first."""
    home = os.path.expanduser(environment.get("IPYTHONDIR") or "~/.ipython")
    real = os.path.realpath(interpreter)
    prefixes = {os.path.dirname(os.path.dirname(path)) for path in (interpreter, real)}
    places = [os.path.join(home, "profile_default"), "/usr/local/etc/ipython", "/etc/ipython"]
    for place in (*places, *(os.path.join(prefix, "etc", "ipython") for prefix in prefixes)):
        names = [name + kind for name in CONFIG_FILES for kind in CONFIG_KINDS]
        if any(os.path.exists(os.path.join(place, name)) for name in names):
            return True
        if any(glob.glob(os.path.join(place, "startup", each)) for each in STARTUP_FILES):
            return True
    return False


class ForeignKernel(StartedKernel):
    """Has run nothing when it stands by. Then it is claimed, once."""

    def __init__(self, name: str, scratch: str) -> None:
        super().__init__(name, "python", scratch, f"the kernel {name!r}")
        places = processes.environment(os.getpid())
        self._places = {name: places[name] for name in STAMPS}
        self._origin: Origin | None = None
        self._imports: dict[str, tuple[int, int]] = {}

    def _environment(self) -> dict[str, str]:
        """With places for words that others look for where a process began."""
        return {**super()._environment(), **self._places}

    async def come_up(self, client: Any) -> dict[str, Any] | None:
        """Start it, and rehearse its claim; what it tells of its language, None when it cannot
        stand by."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return await self._come_up(client)
        except TROUBLE:
            return None

    async def _come_up(self, client: Any) -> dict[str, Any]:
        began = time.time_ns()
        self._origin = origin_of(self._name)
        if self._origin is None:
            raise KernelMissing(self._shown)
        found = await self.connect(client)
        nobody = {"directory": self._directory, "environment": {}}
        pid, paths = await self._become(nobody, self._places)
        here = os.path.realpath(self._directory)
        self._imports = _stamps_of(path for path in paths if path != here)
        # of another process, or with something that was installed meanwhile
        if pid != self._pid() or any(at >= began for _, at in self._imports.values()):
            raise KernelMissing(self._shown)
        return found

    def _pid(self) -> int:
        return int(self._client.km.provisioner.pid)

    async def stay_until(self, called: int) -> None:
        """Until something is to be read there; at the latest until it is gone."""
        handle = os.pidfd_open(self._pid())
        waits = {asyncio.ensure_future(readable(end)) for end in (handle, called)}
        _, idle = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in idle:
            wait.cancel()
        os.close(handle)

    async def claim(self, told: dict[str, Any]) -> bool:
        """Be the kernel of the attempt that is told of; false where it cannot, or where one that is
        started now would be another one."""
        same = origin_of(self._name) == self._origin and _stamps_of(self._imports) == self._imports
        if not same or not await self._client.km.is_alive():
            return False
        environment = told["environment"]
        values = (told["since"], environment["NBYARD_MARK"], environment["NBYARD_ATTEMPT_ID"])
        try:
            await self._become(told, dict(zip(STAMPS, values, strict=True)))
        except TROUBLE:
            return False
        return True

    async def _become(self, told: dict[str, Any], stamped: dict[str, str]) -> Any:
        """Asked for as an expression, it leaves no name, no output and no history."""
        words = f"(get_ipython(), {told!r}, {stamped!r})"
        text = f"(lambda names: (exec({_text()!r}, names), names['claim']{words})[1])({{}})"
        client = self._client.kc
        asked = client.execute(
            "", silent=True, store_history=False, user_expressions={"": text}, allow_stdin=False
        )
        async with asyncio.timeout(CLAIM_SECONDS):
            while True:
                reply = await client.get_shell_msg()
                if reply["parent_header"].get("msg_id") == asked:
                    break
        answer = reply["content"].get("user_expressions", {}).get("", {})
        if answer.get("status") != "ok":
            raise KernelMissing(self._shown)
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))


@cache
def _text() -> str:
    with open(CLAIMED, encoding="utf-8") as file:
        return file.read()


def _stamps_of(paths: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Of folders that something can be installed in."""
    return {path: stamp(path) for path in paths if os.path.isabs(path)}
