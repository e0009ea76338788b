"""Environments: those that we make, by name and version; a kernel that we did not make is known by
a fingerprint."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from nbyard.domain.environments.requirements import (
    EDITABLE,
    PROTECTED,
    folder_of,
    is_option,
    key_of,
    name_of,
)
from nbyard.domain.states import EnvironmentState
from nbyard.errors import Invalid, NotFound

KERNEL_PREFIX = "nbyard"  # of the kernels of all that we make
SHOWN_DIGITS = 8
NEEDS_LOCK = (
    "what is in that folder is known in a library only, whose lock keeps it: make one"
    " (nbyard environments create NAME -r FILE), and let the node name that instead of the file"
)
# what the line of a folder in a lock says of it
FOLDER_LINE = re.compile(r"-e \S+  # (\S+)==\S+ (tree:[0-9a-f]{64})")


class Package(msgspec.Struct, frozen=True, omit_defaults=True):
    """An installed distribution. `record` is the SHA-256 of its RECORD, which lists the SHA-256 of
    each of its files: two builds of one version differ in it. `direct_url` is there where it came
    from a folder, an archive or a repository and not from an index (direct_url.json). `tree` is the
    digest of the folder in which it is used, empty where that is gone."""

    name: str
    version: str
    record: str = ""
    direct_url: dict[str, Any] | None = None
    tree: str | None = None


class Lock(msgspec.Struct, frozen=True):
    """What was installed, as far as it is known on the spot: what a lock file (PEP 751) says of
    packages and environment, with what is installed in place of where to get it."""

    python: str
    build: str
    implementation: str
    platform: str
    packages: list[Package]


class EnvironmentRef(msgspec.Struct, frozen=True):
    """An interpreter or kernel of this machine.

    `kernel` is a kernelspec's name, `interpreter` the program that runs scripts; `fingerprint`
    covers the interpreter and its installed distributions, which `lock` lists.
    """

    kernel: str = ""
    language: str = ""
    interpreter: str = ""
    fingerprint: str = ""
    lock: Lock | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Versions of distributions by name; empty where the lock is unknown."""
        return (
            {package.name: package.version for package in self.lock.packages} if self.lock else {}
        )


INSTALL_LOG = "install.log"


def version_folder(version_id: str) -> str:
    """Where a version has its log and its files, below the store."""
    return f"environments/{version_id}"


class LockedPackage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A distribution that is installed from an archive with one of these `hashes`
    (`sha256:<hex>`); from the one at `url`, where that was asked for. One that is used in the
    `folder` at this address has instead the digest of the `tree` of its files, as they were."""

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    url: str = ""
    folder: str = ""
    tree: str = ""

    @property
    def line(self) -> str:
        """As a line of a requirements file, that pip's `--require-hashes` takes unless it names a
        folder."""
        if self.folder:
            return f"{EDITABLE} {self.folder}  # {self.name}=={self.version} {self.tree}"
        what = f"{self.name} @ {self.url}" if self.url else f"{self.name}=={self.version}"
        return " ".join([what, *(f"--hash={each}" for each in self.hashes)])

    @property
    def shown(self) -> str:
        """Its version, and which state of its folder it is."""
        digest = self.tree.rpartition(":")[2][:SHOWN_DIGITS]
        return f"{self.version} ({digest})" if digest else self.version


def lock_lines(requirements: Iterable[str], packages: Iterable[LockedPackage]) -> list[str]:
    """A lock as the lines of a requirements file: what packages come from, as it was asked for,
    and the packages."""
    return [*filter(is_option, requirements), *(package.line for package in packages)]


def with_folders_of(lock: str, requirements: Iterable[str]) -> list[str]:
    """Requirements that were read from a lock, with what that says of the folders among them."""
    told = {folder_of(line): line for line in lock.splitlines() if FOLDER_LINE.fullmatch(line)}
    return [told.get(folder_of(line), line) for line in requirements]


def locked_trees(lines: Iterable[str]) -> dict[str, str]:
    """Of a lock, the digests of the folders that it names, by the normal names of their projects.

    Raises:
        Invalid: a line names a folder and not what was in it.
    """
    found: dict[str, str] = {}
    for line in filter(folder_of, lines):
        told = FOLDER_LINE.fullmatch(line)
        if told is None:
            raise Invalid.field("requirements", f"{line[:200]}: {NEEDS_LOCK}")
        found[name_of(told[1])] = told[2]
    return found


class EnvironmentVersion(msgspec.Struct, frozen=True):
    """What was asked for (`requirements`, one for each line) and what that came to (`packages`,
    with their `digest`), once and for all. `python` is the version of its interpreter, `place` its
    folder on the machine of the store."""

    id: str
    number: int
    state: EnvironmentState
    requirements: list[str]
    packages: list[LockedPackage]
    digest: str
    python: str
    place: str
    reason: str
    created_at: datetime
    size_bytes: int | None = None
    finished_at: datetime | None = None

    @property
    def lock_lines(self) -> list[str]:
        """Its lock, as a requirements file."""
        return lock_lines(self.requirements, self.packages)


class Environment(msgspec.Struct, frozen=True):
    """A name over versions; `current` is the newest, ready or not. `installed` is the number of the
    newest that is ready, in which the kernel of the name `kernel` starts; 0 when there is none."""

    id: str
    name: str
    description: str
    kernel: str
    owner: str
    created_at: datetime
    current: EnvironmentVersion
    installed: int = 0

    @property
    def came_to_nothing(self) -> bool:
        """Nothing of it was ever installed, nor is being: its name is free for another try."""
        return not self.installed and self.current.state == "failed"


class NewEnvironment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`requirements` is the text of a requirements file; `capture` names a kernel whose packages,
    in their versions, are taken besides."""

    name: str
    requirements: str = ""
    capture: str = ""
    description: str = ""


class Captured(msgspec.Struct, frozen=True):
    """The packages of a kernel as requirements; `left_out` came from no index."""

    lines: list[str]
    left_out: list[str]


def captured(lock: Lock) -> Captured:
    """What is installed, in the same versions. What installs comes with each environment."""
    own = [package for package in lock.packages if name_of(package.name) not in PROTECTED]
    return Captured(
        [f"{package.name}=={package.version}" for package in own if not package.direct_url],
        [package.name for package in own if package.direct_url],
    )


class EnvironmentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the next version has: the text of a requirements file in the place of the present one,
    or lines to `add` (another one for the same package goes) and packages to `remove`; or the very
    lock of an older `version`, of which nothing is found out anew."""

    requirements: str | msgspec.UnsetType = msgspec.UNSET
    add: str = ""
    remove: list[str] = []
    version: int = 0


class PackageChange(msgspec.Struct, frozen=True):
    """Another version of a package; `old` is empty where it is new, `new` where it is gone."""

    name: str
    old: str
    new: str


class Resolution(msgspec.Struct, frozen=True):
    """What requirements come to, and how that differs from what is installed."""

    packages: list[LockedPackage]
    changes: list[PackageChange]


def changed(lines: Sequence[str], add: Iterable[str], remove: Iterable[str]) -> list[str]:
    """Requirements after a change, in their order; what is added stands at the end.

    Raises:
        NotFound: what is to be removed is not there.
    """
    added = list(add)
    gone = {key_of(name) for name in remove}
    if missing := sorted(gone - {key_of(line) for line in lines}):
        raise NotFound(f"{missing[0][:80]} is none of the requirements.")
    gone |= {key_of(line) for line in added}
    return [*(line for line in lines if key_of(line) not in gone), *added]


def lock_of_failed(
    versions: Sequence[EnvironmentVersion], lines: Sequence[str]
) -> list[LockedPackage]:
    """What the newest version came to, when it could not be installed and the same is asked for
    again; else nothing. `versions` are the newest first. One that failed twice is found out anew:
    what it names may be gone."""
    failed = [one.packages for one in versions[:2] if one.state == "failed"]
    if not versions or versions[0].state != "failed" or versions[0].requirements != [*lines]:
        return []
    return failed[0] if failed[0] not in failed[1:] else []


def package_changes(
    old: Sequence[LockedPackage], new: Sequence[LockedPackage]
) -> list[PackageChange]:
    """What differs between two locks, by name."""
    had, has = _versions(old), _versions(new)
    return [
        PackageChange(name, had.get(name, ""), has.get(name, ""))
        for name in sorted({*had, *has})
        if had.get(name) != has.get(name)
    ]


def _versions(packages: Sequence[LockedPackage]) -> Mapping[str, str]:
    return {name_of(package.name): package.shown for package in packages}
