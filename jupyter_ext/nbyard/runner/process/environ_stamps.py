"""Overwrites environment variables in `/proc/PID/environ` of a running process.

Other processes identify a process by these variables. A fork would otherwise show the values with
which its parent was started.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

# `env_start` is field 50 of /proc/PID/stat, see proc(5). After the name, field 3 comes first.
STAT_ENV_START = 47
# When a process was given its attempt, on the scale of process start times. A process that waited
# is older than this time.
SINCE = "NBYARD_SINCE"
STAMPED = (SINCE, "NBYARD_MARK", "NBYARD_ATTEMPT_ID")


class Stamp:
    """A place in the memory of this process with the value of an environment variable.

    `/proc/PID/environ` shows that memory, so a fork would show its parent's values. A new value
    must have the length of the old one. The address is the same in all forks.

    Raises:
        OSError: The process hides its memory.
        ValueError: The process did not start with this variable, or its memory is elsewhere.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._address, self._length = place_of(name)
        head = os.fsencode(name) + b"="
        # Compared before it is overwritten: a program may have moved the block of variables.
        with open("/proc/self/mem", "rb", buffering=0) as memory:
            memory.seek(self._address - len(head))
            content = memory.read(len(head) + self._length + 1)
        if not (content.startswith(head) and content.find(b"\0") == len(content) - 1):
            raise ValueError(f"{name} has no place")

    def write(self, value: str) -> None:
        """Write a value of the same length, also into `os.environ`.

        Raises:
            ValueError: the value has another length.
        """
        new = os.fsencode(value)
        if len(new) != self._length:
            raise ValueError(f"{self._name} has no place for {len(new)} bytes")
        ctypes.memmove(self._address, new, len(new))
        os.environ[self._name] = value

    def clear(self) -> None:
        """Overwrite the value with dashes."""
        self.write("-" * self._length)


@cache
def stamp(name: str) -> Stamp:
    """Return the stamp of a variable, created once: its address is the same in all forks."""
    return Stamp(name)


def place_of(name: str, pid: int | None = None) -> tuple[int, int]:
    """Return the address and length of a variable's value in a process, by default this one.

    Raises:
        ValueError: The process did not start with this variable.
    """
    process = f"/proc/{pid or 'self'}"
    with open(f"{process}/environ", "rb") as file:
        block = b"\0" + file.read()
    head = b"\0" + os.fsencode(name) + b"="
    place = block.find(head)
    if place < 0:
        raise ValueError(f"{name} has no place")
    length = len(block[place + len(head) :].partition(b"\0")[0])
    with open(f"{process}/stat", "rb") as file:
        start = int(file.read().rpartition(b")")[2].split()[STAT_ENV_START])
    # The block above has one more zero byte at its start than the memory.
    return start + place + len(head) - 1, length


def adopt_attempt(attempt: dict[str, Any]) -> None:
    """Turn this process into one of an attempt: set the attempt's mark, variables and directory."""
    environment = attempt["environment"]
    if "since" in attempt:
        stamp(SINCE).write(attempt["since"])
        del os.environ[SINCE]
    stamp("NBYARD_MARK").write(environment["NBYARD_MARK"])
    if "NBYARD_ATTEMPT_ID" in os.environ:  # missing where a container has one attempt only
        stamp("NBYARD_ATTEMPT_ID").write(environment["NBYARD_ATTEMPT_ID"])
    os.environ.update(environment)
    os.chdir(attempt["directory"])


def put_off() -> None:
    """Stop belonging to an attempt: clear the variables that identify it, and leave its directory.

    Its other variables stay until `become_own_process`.
    """
    for name in STAMPED:
        stamp(name).clear()
    os.chdir("/")
