"""What a kernel that was started before its attempt does to become the attempt's.

The text of this file is run in that kernel, whose Python may be any from 3.6 on, and imports
nothing that was not there.
"""

import json
import os
import sys
from typing import Any


def claim(shell: Any, told: dict, stamps: dict) -> str:  # type: ignore[type-arg]
    """Take on working directory, in which are the `names` that are told, variables, where None is
    none, and the `stamps` at their addresses; which process this is and where it imports from, as
    JSON."""
    _move(shell, told["directory"], told.get("names", []))
    for name, value in told["environment"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        for address, word in stamps.items():
            memory.seek(address)
            memory.write(os.fsencode(word))
    shell.last_execution_result = None
    return json.dumps([os.getpid(), sys.path])


def _move(shell: Any, directory: str, names: list) -> None:  # type: ignore[type-arg]
    """As if it had been started there, where it might have found other modules than it has."""
    shadowed = {name.partition(".")[0] for name in names} & set(sys.modules)
    if shadowed:
        raise ImportError(", ".join(shadowed))
    before = os.getcwd()
    os.chdir(directory)
    now = os.getcwd()
    sys.path[:] = [now if place == before else place for place in sys.path]
    if now != before:
        sys.path_importer_cache.pop(before, None)
    shell.starting_dir = now
    visited = shell.history_manager.dir_hist
    visited[:] = [type(place)(now) for place in visited]
