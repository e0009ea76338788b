"""Sets up a kernel that was started before its attempt.

nbyard sends the text of this file to the kernel, which may run any Python from 3.6 on. The text
imports only modules that a kernel has loaded anyway.
"""

import json
import os
import sys
from typing import Any


def claim(shell: Any, attempt: dict, stamps: dict) -> str:  # type: ignore[type-arg]
    """Set the kernel up for an attempt.

    Return its process ID and import path as JSON. `attempt` has the working `directory`, the
    `names` of its files, and the `environment`, in which None removes a variable. `stamps` has the
    texts to write at addresses of the process's memory.

    Raises:
        ImportError: A file in the directory has the name of a loaded module.
    """
    # Started in this directory, the kernel would have imported such a file instead.
    shadowed = {name.partition(".")[0] for name in attempt.get("names", [])} & set(sys.modules)
    if shadowed:
        raise ImportError(", ".join(shadowed))
    # as if the kernel had been started there
    before = os.getcwd()
    os.chdir(attempt["directory"])
    now = os.getcwd()
    sys.path[:] = [now if place == before else place for place in sys.path]
    if now != before:
        sys.path_importer_cache.pop(before, None)
    shell.starting_dir = now
    visited = shell.history_manager.dir_hist
    visited[:] = [type(place)(now) for place in visited]
    for name, value in attempt["environment"].items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    # os.environ does not reach /proc/PID/environ, by which sweeps identify the process.
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        for address, word in stamps.items():
            memory.seek(address)
            memory.write(os.fsencode(word))
    shell.last_execution_result = None
    return json.dumps([os.getpid(), sys.path])
