"""Looks up Jupyter's kernel specifications: the files that define how each kernel is started."""

from __future__ import annotations

import os
import sys
from functools import cache

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

LAUNCHER = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
NATIVE = "python3"
LOCAL = "local-provisioner"


def is_forkable(name: str) -> bool:
    """Return whether a fork of this process can serve as the kernel with this name.

    This is so for ipykernel of this process's own Python, without variables of its own.
    """
    spec = specification(name)
    if spec is None:
        return False
    # jupyter_client starts its own interpreter for these two names.
    same = spec.argv[:1] in (["python"], ["python3"], [sys.executable])
    return same and is_ipykernel(spec) and not spec.env


def is_ipykernel(spec: KernelSpec) -> bool:
    """Return whether the kernel is launched with ipykernel's own command."""
    # ipykernel's own specification may have `-Xfrozen_modules=off`, which only debuggers need.
    return [word for word in spec.argv[1:] if not word.startswith("-X")] == LAUNCHER


def is_local(spec: KernelSpec) -> bool:
    """Return whether the kernel is started as a process of this machine."""
    provisioner = spec.metadata.get("kernel_provisioner") or {}
    return bool(provisioner.get("provisioner_name", LOCAL) == LOCAL)


def specification(name: str) -> KernelSpec | None:
    """Return the current specification of the kernel of that name, or None."""
    try:
        spec: KernelSpec = specifications().get_kernel_spec(name)
    except NoSuchKernel:
        return None
    return spec


def installed_name(name: str, language: str) -> str:
    """Return the name if it is installed, else that of an installed kernel of the language."""
    if os.path.isabs(name) or specification(name) is not None:
        return name
    # python3 comes first: ipykernel installs its own kernel under this name.
    others = sorted(specifications().find_kernel_specs(), key=lambda other: other != NATIVE)
    of_language = (
        other
        for other in others
        if (spec := specification(other)) is not None and spec.language.lower() == language
    )
    return next(of_language, name)


def stamps(name: str) -> list[tuple[int, int]]:
    """Return values that change when the kernel `name` is installed, changed or removed.

    There is one `stamp` for each folder in which Jupyter looks for kernels.
    """
    places = specifications().kernel_dirs
    return [stamp(os.path.join(place, name, "kernel.json")) for place in places]


class Specifications(KernelSpecManager):
    """Jupyter's kernel specifications.

    A name may also be the absolute path of a specification's folder.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        if not os.path.isabs(kernel_name):
            return super().get_kernel_spec(kernel_name)
        try:
            return KernelSpec.from_resource_dir(kernel_name)
        except (OSError, ValueError):
            raise NoSuchKernel(kernel_name) from None


@cache
def specifications() -> KernelSpecManager:
    """Return the manager of kernel specifications, created once."""
    return Specifications()


def stamp(path: str) -> tuple[int, int]:
    """Return inode and modification time (ns) of a file, or (0, 0) if there is no file.

    The values differ after the file was changed or replaced.
    """
    try:
        file_stat = os.stat(path)
    except OSError:
        return 0, 0
    return file_stat.st_ino, file_stat.st_mtime_ns
