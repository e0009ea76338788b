"""Kernels of this machine outside nbyard's environments: listed and used, never changed."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import msgspec

from nbyard.reasons.structs import Reason, because

Origin = Literal["conda", "venv", "system"]


class Kernel(msgspec.Struct, frozen=True):
    """A kernel by its `name`, as notebooks name it.

    `interpreter` is the program that it starts. `place` is the conda or virtual environment of
    that program, empty if it is the `system`'s. Without `is_there` the program is missing;
    `reason` says so.
    """

    name: str
    title: str
    language: str
    origin: Origin
    interpreter: str
    place: str
    folder: str
    is_there: bool = True
    reason: Reason | None = None


def not_installed(name: str, used: str) -> Reason:
    """Return the warning that another kernel runs a notebook.

    `name` is the kernel that the notebook names, `used` the one that runs it.
    """
    return because("kernel-replaced", kernel=name, used=used)


def is_owned(spec: Mapping[str, object]) -> bool:
    """Return whether a kernelspec belongs to an environment of nbyard."""
    metadata = spec.get("metadata")
    return isinstance(metadata, dict) and "nbyard" in metadata


def conda_environment_of(spec: Mapping[str, object]) -> str:
    """Return the conda environment that a kernelspec names, else an empty text.

    The name is in the metadata of nb_conda_kernels or in the command `conda run -p PLACE`.
    """
    metadata, argv = spec.get("metadata"), spec.get("argv")
    if isinstance(metadata, dict) and isinstance(metadata.get("conda_env_path"), str):
        return str(metadata["conda_env_path"])
    command = [str(word) for word in argv] if isinstance(argv, list) else []
    # The shortest such command is `conda run -p PLACE`.
    if len(command) < 4 or command[0].rpartition("/")[2] not in ("conda", "mamba", "micromamba"):
        return ""
    places = (place for option, place in pairwise(command) if option in ("-p", "--prefix"))
    return next(places, "")
