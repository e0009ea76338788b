"""Writes kernelspecs of environments into Jupyter's data folder, one file for each."""

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir

from nbyard.domain.environments.structs import KERNEL_PREFIX
from nbyard.host.project_files import write_whole

OWN = "kernel"
# The lock does not cover packages in the user's site folder.
ALONE = {"PYTHONNOUSERSITE": "1"}


def kernel_name(title: str, owner: str) -> str:
    """Return a kernel name for the environment `owner`, derived from its title.

    If another owner's kernel has that name, the first 8 characters of `owner` are appended.
    """
    name = "-".join([KERNEL_PREFIX, *re.findall("[a-z0-9]+", title.lower())])
    return name if _owner(name) in ("", owner) else f"{name}-{owner[:8]}"


def offer_kernel(name: str, title: str, place: Path, owner: str) -> None:
    """Register the interpreter in `place` as the Jupyter kernel `name`.

    Raises:
        OSError: Jupyter's data folder cannot be written.
    """
    _keep(_path(name), place, title, owner)


def own_kernel(place: Path, title: str, owner: str) -> None:
    """Write a kernelspec into the folder OWN of an installed version.

    Unlike the registered kernel, it never refers to another version.

    Raises:
        OSError: The folder cannot be written.
    """
    _keep(place / OWN / "kernel.json", place, title, owner)


def process_variables(place: Path, path: str) -> dict[str, str]:
    """Return the environment variables for processes that use the packages in `place`.

    `path` is the rest of the search path for programs.
    """
    return {
        "PATH": f"{place}/bin{os.pathsep}{path}",
        "VIRTUAL_ENV": str(place),
        **ALONE,
    }


def _keep(path: Path, place: Path, title: str, owner: str) -> None:
    spec = {
        "argv": [f"{place}/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": title,
        "language": "python",
        # jupyter_client replaces ${PATH} by its own search path when it starts the kernel.
        "env": process_variables(place, "${PATH}"),
        "metadata": {"debugger": True, "nbyard": {"environment": owner}},
    }
    content = json.dumps(spec, indent=1).encode()
    if not path.exists() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content)


def withdraw_kernel(name: str, owner: str) -> None:
    """Remove a registered kernel, if `owner` still owns it."""
    if name and _owner(name) == owner:
        shutil.rmtree(_path(name).parent, ignore_errors=True)


def offered_kernels(folder: Path) -> dict[str, str]:
    """Return the registered kernels with interpreters in this folder, with their environments."""
    environment_by_kernel: dict[str, str] = {}
    for path in _path("x").parents[1].glob("nbyard*/kernel.json"):
        name = path.parent.name
        argv = _spec(name).get("argv") or [""]
        if str(argv[0]).startswith(f"{folder}/"):
            environment_by_kernel[name] = _owner(name)
    return environment_by_kernel


def _path(name: str) -> Path:
    return Path(jupyter_data_dir()) / "kernels" / name / "kernel.json"


def _spec(name: str) -> Mapping[str, Any]:
    """Return a registered kernelspec, {} if it is missing or invalid."""
    try:
        spec = json.loads(_path(name).read_bytes())
    except (OSError, ValueError):
        return {}
    return spec if isinstance(spec, dict) else {}


def _owner(name: str) -> str:
    """Return the environment that owns a registered kernel, "" if there is no such kernel.

    A kernel that nbyard did not register has the owner "somebody else".
    """
    if not _path(name).exists():
        return ""
    metadata = _spec(name).get("metadata", {})
    return str(metadata.get("nbyard", {}).get("environment", "somebody else"))
