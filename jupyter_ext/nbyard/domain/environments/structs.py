"""Environments of nbyard, with versions and locks, and the kernels of the machine.

A kernel outside nbyard's environments is identified by a fingerprint.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal

import msgspec

from nbyard.domain.callers import Owned
from nbyard.domain.environments.requirements import (
    EDITABLE,
    PROTECTED,
    folder_of,
    is_local,
    is_option,
    key_of,
    name_of,
    place_of,
)
from nbyard.domain.presentation import shown
from nbyard.domain.state_machines import EnvironmentState
from nbyard.errors import Invalid, NotFound
from nbyard.reasons.structs import Reason, because

Origin = Literal["conda", "venv", "system"]
KERNEL_PREFIX = "nbyard"  # kernels of nbyard's environments
SHOWN_DIGITS = 8
# the line of a folder in a lock, with package, version and tree digest
FOLDER_LINE = re.compile(r"-e \S+  # (\S+)==\S+ (tree:[0-9a-f]{64})")


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


class Package(msgspec.Struct, frozen=True, omit_defaults=True):
    """An installed distribution.

    `record` is the SHA-256 of its RECORD, which lists the SHA-256 of each of its files. Two
    builds of one version differ in it. `direct_url` (direct_url.json) is set if it came from a
    folder, an archive or a repository instead of an index. `tree` is the digest of the folder
    in which it is used, empty if the folder is missing.
    """

    name: str
    version: str
    record: str = ""
    direct_url: dict[str, Any] | None = None
    tree: str | None = None


class Lock(msgspec.Struct, frozen=True):
    """The packages installed in an environment, as found there.

    It has the content of a lock file (PEP 751), with the installed files instead of their
    sources.
    """

    python: str
    build: str
    implementation: str
    platform: str
    packages: list[Package]


class EnvironmentRef(msgspec.Struct, frozen=True):
    """An interpreter or kernel of this machine.

    `kernel` is the name of a kernelspec, `interpreter` the program that runs scripts.
    `fingerprint` covers the interpreter and its installed distributions, which `lock` lists.
    """

    kernel: str = ""
    language: str = ""
    interpreter: str = ""
    fingerprint: str = ""
    lock: Lock | None = None

    @property
    def versions(self) -> dict[str, str]:
        """Return versions of distributions by name; empty if the lock is unknown."""
        return (
            {package.name: package.version for package in self.lock.packages} if self.lock else {}
        )


INSTALL_LOG = "install.log"
NOT_INSTALLED = "The environment gets a kernel once its packages are installed."


def version_folder(version_id: str) -> str:
    """Return the folder of a version's log and files, below the store."""
    return f"environments/{version_id}"


class LockedPackage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A distribution to install from an archive with one of these `hashes` (`sha256:<hex>`).

    `url` is the archive's address, if the requirements name one. A package used in place has
    the address of its `folder` and the digest of the `tree` of its files instead.
    """

    name: str
    version: str
    hashes: tuple[str, ...] = ()
    url: str = ""
    folder: str = ""
    tree: str = ""

    @property
    def line(self) -> str:
        """Return the package as a line of a requirements file.

        The line works with pip's `--require-hashes` unless it names a folder.
        """
        if self.folder:
            return f"{EDITABLE} {self.folder}  # {self.name}=={self.version} {self.tree}"
        what = f"{self.name} @ {self.url}" if self.url else f"{self.name}=={self.version}"
        return " ".join([what, *(f"--hash={each}" for each in self.hashes)])

    @property
    def portable_line(self) -> str:
        """Return the package as a line without an address on this machine."""
        if self.folder:
            return f"# {self.name}=={self.version}, used in place"
        own = msgspec.structs.replace(self, url="") if is_local(self.url) else self
        return own.line

    @property
    def shown(self) -> str:
        """Return its version, and a short digest of its folder."""
        digest = self.tree.rpartition(":")[2][:SHOWN_DIGITS]
        return f"{self.version} ({digest})" if digest else self.version


def lock_lines(requirements: Iterable[str], packages: Iterable[LockedPackage]) -> list[str]:
    """Return a lock as the lines of a requirements file: package sources, then packages."""
    return [*filter(is_option, requirements), *(package.line for package in packages)]


def portable_lines(requirements: Iterable[str], packages: Iterable[LockedPackage]) -> list[str]:
    """Return a lock as lines that another machine can use, without places of this machine.

    A package that is used in place is a comment with its name and version. Archives in folders
    are named by version and hash only, and package sources in folders are left out.
    """
    options = [line for line in requirements if is_option(line) and not is_local(place_of(line))]
    return [*options, *(package.portable_line for package in packages)]


def with_folders_of(lock: str, requirements: Iterable[str]) -> list[str]:
    """Add the folder digests of a lock to the requirements read from it.

    Parsing drops the digests, which are comments in the lines of `lock`.
    """
    folder_lines = {
        folder_of(line): line for line in lock.splitlines() if FOLDER_LINE.fullmatch(line)
    }
    return [folder_lines.get(folder_of(line), line) for line in requirements]


def locked_trees(lines: Iterable[str]) -> dict[str, str]:
    """Return the digests of the folders in a lock, by the normal names of their projects.

    Raises:
        Invalid: a line names a folder without its digest.
    """
    trees: dict[str, str] = {}
    for line in filter(folder_of, lines):
        match = FOLDER_LINE.fullmatch(line)
        if match is None:
            raise Invalid.field(
                "requirements",
                f"{line[:200]}: a folder can only be used through an environment, which locks its"
                " content. Create one (nbyard environments create NAME -r FILE) and select it in"
                " the node instead of the file",
            )
        trees[name_of(match[1])] = match[2]
    return trees


class EnvironmentVersion(msgspec.Struct, frozen=True):
    """An immutable version: the `requirements` and the resolved `packages` with their `digest`.

    `python` is the version of its interpreter, `place` its folder on the store's machine.
    """

    id: str
    number: int
    state: EnvironmentState
    requirements: list[str]
    packages: list[LockedPackage]
    digest: str
    python: str
    place: str
    reason: Reason | None
    created_at: datetime
    size_bytes: int | None = None
    finished_at: datetime | None = None

    @property
    def lock_lines(self) -> list[str]:
        """Return its lock as the lines of a requirements file."""
        return lock_lines(self.requirements, self.packages)

    @property
    def portable_lines(self) -> list[str]:
        """Return its lock as the lines of a requirements file for another machine."""
        return portable_lines(self.requirements, self.packages)


class Environment(Owned, frozen=True):
    """A name with versions. `current` is the newest version, ready or not.

    `installed` is the number of the newest ready version, which the kernel named `kernel`
    starts; 0 if there is none.
    """

    id: str
    name: str
    description: str
    kernel: str
    created_at: datetime
    current: EnvironmentVersion
    installed: int = 0

    @property
    def never_installed(self) -> bool:
        """Return whether no version was installed or is being installed. Its name can be reused."""
        return not self.installed and self.current.state == "failed"


class EnvironmentKernel(msgspec.Struct, frozen=True):
    """A version and its kernel. While it is being installed, `kernel` is empty."""

    kernel: str
    number: int
    progress: str = ""


class NewEnvironment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An environment to create. `requirements` is the text of a requirements file.

    `capture` names a kernel whose packages are added in their installed versions.
    """

    name: Annotated[str, shown("Name", order=1)]
    requirements: Annotated[str, shown("Packages", order=2, widget="packages")] = ""
    capture: str = ""
    description: str = ""


class Captured(msgspec.Struct, frozen=True):
    """The packages of a kernel as requirements. `left_out` did not come from an index."""

    lines: list[str]
    left_out: list[str]


def requirements_of_lock(lock: Lock) -> Captured:
    """Return the installed packages in their versions, without the package installers."""
    own = [package for package in lock.packages if name_of(package.name) not in PROTECTED]
    return Captured(
        [f"{package.name}=={package.version}" for package in own if not package.direct_url],
        [package.name for package in own if package.direct_url],
    )


class NewDefault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The default environment of a project, or of the store. An empty one removes the default.

    Both are given by ID or name.
    """

    environment: str = ""
    project: str = ""


class EnvironmentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of the next version, in one of three ways.

    `requirements` is a new text of the requirements file. Lines to `add` replace lines for the
    same package, and packages to `remove` are dropped. `version` is an older version whose exact
    lock is used, without resolving it again.
    """

    requirements: str | msgspec.UnsetType = msgspec.UNSET
    add: str = ""
    remove: list[str] = []
    version: int = 0


class PackageChange(msgspec.Struct, frozen=True):
    """A changed package. `old` is empty if it is new, `new` is empty if it is removed."""

    name: str
    old: str
    new: str


class Resolution(msgspec.Struct, frozen=True):
    """The resolved packages of requirements, and the differences from the installed ones."""

    packages: list[LockedPackage]
    changes: list[PackageChange]


def change_requirements(
    lines: Sequence[str], add: Iterable[str], remove: Iterable[str]
) -> list[str]:
    """Apply a change to requirements, keeping their order. Added lines come last.

    Raises:
        NotFound: a package to remove is missing.
    """
    added = list(add)
    gone = {key_of(name) for name in remove}
    if missing := sorted(gone - {key_of(line) for line in lines}):
        raise NotFound(f"{missing[0][:80]} is not among the requirements.")
    gone |= {key_of(line) for line in added}
    return [*(line for line in lines if key_of(line) not in gone), *added]


def lock_of_failed(
    versions: Sequence[EnvironmentVersion], lines: Sequence[str]
) -> list[LockedPackage]:
    """Return the packages of the newest version, to retry its installation.

    Return an empty list unless that version failed and has the same requirements. `versions` are
    sorted newest first. After two failures with the same packages, the list is empty: they are
    resolved again, as an archive may be gone.
    """
    failed = [version.packages for version in versions[:2] if version.state == "failed"]
    if not versions or versions[0].state != "failed" or versions[0].requirements != [*lines]:
        return []
    return failed[0] if failed[0] not in failed[1:] else []


def package_changes(
    old: Sequence[LockedPackage], new: Sequence[LockedPackage]
) -> list[PackageChange]:
    """Return the differences between two locks, by name."""
    had, has = _versions(old), _versions(new)
    return [
        PackageChange(name, had.get(name, ""), has.get(name, ""))
        for name in sorted({*had, *has})
        if had.get(name) != has.get(name)
    ]


def _versions(packages: Sequence[LockedPackage]) -> Mapping[str, str]:
    return {name_of(package.name): package.shown for package in packages}
