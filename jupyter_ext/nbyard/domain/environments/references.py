"""Environments that tasks use: the version frozen at Run, and differences from its lock."""

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from nbyard.domain.environments.requirements import PROTECTED, normal_name
from nbyard.domain.environments.structs import Lock, LockedPackage
from nbyard.reasons.structs import Reason, because

PINNED = re.compile(r"(.+)@([1-9][0-9]{0,8})")
# packages that a new virtual environment or a Python image contains by default
OF_PYTHON = PROTECTED | {"setuptools", "wheel"}
# differences named in one sentence
MAX_TOLD = 3
NamedBy = Literal["run", "node", "executable", "kernel", ""]


class EnvironmentDefault(msgspec.Struct, frozen=True, omit_defaults=True):
    """An environment for nodes that name none, and what sets it.

    `project` is the name of the project that sets it.
    """

    environment: str
    set_by: Literal["workflow", "project", "store"]
    project: str = ""


class UsedEnvironment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The version `number` of an environment, whose lock has this `digest`.

    `pinned` means that it was requested by number, and not as the newest. `named_by` is what names
    it: the run, the node, its executable or the kernel of its notebook. `default` is set instead
    if none of them names an environment. `owner` is the user whose environment it is.
    """

    id: str
    name: str
    version_id: str
    number: int
    digest: str
    pinned: bool = False
    default: EnvironmentDefault | None = None
    named_by: NamedBy = ""
    owner: str = ""

    @property
    def shown(self) -> str:
        """Return name and version, as shown to users."""
        return f"{self.name} version {self.number}"


def split_reference(text: str) -> tuple[str, int]:
    """Return name and number of `name@2`. The number of a plain name is 0."""
    match = PINNED.fullmatch(text)
    return (match[1], int(match[2])) if match else (text, 0)


def environment_change(was: UsedEnvironment | None, now: UsedEnvironment | None) -> Reason | None:
    """Return how the environment of a task changed, None if it is the same."""
    if was is None or now is None:
        if now is not None:
            return because("environment-now", new=now.shown)
        return because("environment-left", old=was.name) if was else None
    if was.id != now.id:
        return because("environment-instead", new=now.shown, old=was.shown)
    if was.number != now.number:
        return because("environment-version", name=now.name, old=was.number, new=now.number)
    return None


def lock_differences(
    locked: Sequence[LockedPackage], python: str, lock: Lock, *, with_extra: bool
) -> list[Reason]:
    """Return the differences between a lock and the installed packages.

    `locked` and `python` are the packages and the Python version of the lock. `lock` has the
    installed ones. `with_extra` includes packages that are not in the lock.
    """
    has = {normal_name(package.name): package.version for package in lock.packages}
    wanted = {normal_name(package.name): package for package in locked}
    differences = []
    if python and lock.python != python:
        differences.append(because("python-instead", found=lock.python, locked=python))
    for name, locked_package in wanted.items():
        there = has.get(name)
        if not there:
            differences.append(because("package-lacks", package=locked_package.name))
        elif there != locked_package.version:
            versions = {"found": there, "locked": locked_package.version}
            differences.append(because("package-instead", package=locked_package.name, **versions))
    # folders used in place
    for package in lock.packages:
        known = wanted.get(normal_name(package.name))
        if known and package.tree is not None and package.tree != known.tree:
            code = "locked-folder-changed" if package.tree else "locked-folder-gone"
            differences.append(because(code, path=known.folder.removeprefix("file://")))
    others = [f"{name} {has[name]}" for name in sorted(has.keys() - wanted.keys() - OF_PYTHON)]
    more = len(others) - MAX_TOLD
    if with_extra and more > 0:
        differences.append(
            because("more-packages-beside-lock", packages=others[:MAX_TOLD], more=more)
        )
    elif with_extra and others:
        differences.append(because("packages-beside-lock", packages=others))
    return differences


def lock_warning(used: UsedEnvironment, differences: Sequence[Reason]) -> Reason | None:
    """Return the warning about these differences, None if there are none."""
    params = {
        "environment": used.name,
        "number": used.number,
        "differences": [*differences[:MAX_TOLD]],
    }
    if len(differences) > MAX_TOLD:
        return because("lock-differs-in-more", **params, more=len(differences) - MAX_TOLD)
    return because("lock-differs", **params) if differences else None
