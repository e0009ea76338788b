"""Determines the environment variables and the working directory of the work."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from .. import secret_files
from ..attempt_folder import AttemptFolder
from ..pythonpath_shim import NO_DISTRIBUTIONS

LATE_VARIABLES = ("NBYARD_", "CUDA_")
HOST_VARIABLES = (
    *("JPY_PARENT_PID", "JPY_SESSION_NAME", "NBYARD_MARK", "NBYARD_SINCE"),
    NO_DISTRIBUTIONS,
)


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
