"""Environments that tasks use: the version frozen at Run, and differences from its lock."""

import re
from collections.abc import Sequence

import msgspec

from nbyard.domain.environments.requirements import PROTECTED, normal_name
from nbyard.domain.environments.structs import Lock, LockedPackage
from nbyard.reasons.structs import Reason, because

PINNED = re.compile(r"(.+)@([1-9][0-9]{0,8})")
# packages that a new virtual environment or a Python image contains by default
OF_PYTHON = PROTECTED | {"setuptools", "wheel"}
# differences named in one sentence
MAX_TOLD = 3


class UsedEnvironment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The version `number` of an environment, whose lock has this `digest`.

    `pinned` means that it was requested by number, and not as the newest.
    """

    id: str
    name: str
    version_id: str
    number: int
    digest: str
    pinned: bool = False

    @property
    def shown(self) -> str:
        """Return name and version, as shown to users."""
        return f"{self.name} version {self.number}"


def split_reference(text: str) -> tuple[str, int]:
    """Return name and number of `name@2`. The number of a plain name is 0."""
    found = PINNED.fullmatch(text)
    return (found[1], int(found[2])) if found else (text, 0)


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
    locked: Sequence[LockedPackage], python: str, lock: Lock, *, beside: bool
) -> list[str]:
    """Describe the differences between a lock and the packages found.

    `beside` includes packages that are not in the lock.
    """
    has = {normal_name(package.name): package.version for package in lock.packages}
    wanted = {normal_name(one.name): one for one in locked}
    told = []
    for name, one in wanted.items():
        if (there := has.get(name)) != one.version:
            instead = f"{one.name} {there} instead of {one.version}"
            told.append(instead if there else f"no {one.name}")
    # folders used in place
    for package in lock.packages:
        known = wanted.get(normal_name(package.name))
        if known and package.tree is not None and package.tree != known.tree:
            path = known.folder.removeprefix("file://")
            what = "has changed since it was locked" if package.tree else "is gone"
            told.append(f"the folder {path} {what}")
    more = [f"{name} {has[name]}" for name in sorted(has.keys() - wanted.keys() - OF_PYTHON)]
    if more and beside:
        told.append(f"{_few(more)} beside the lock")
    if python and lock.python != python:
        told.insert(0, f"Python {lock.python} instead of {python}")
    return told


def lock_warning(used: UsedEnvironment, told: Sequence[str]) -> str:
    """Return these differences as a sentence; empty if there are none."""
    return f"not as the lock of {used.shown} has it: {_few(told, '; ')}" if told else ""


def _few(words: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(words) - MAX_TOLD} more" if len(words) > MAX_TOLD else ""
    return between.join(words[:MAX_TOLD]) + more
